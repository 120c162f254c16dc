import { isRecord } from '../../internal/checks.ts';
import type { LockedKind } from '../../session/lock/definition-lock.ts';
import { digestOf, plainCopy, toWellFormed } from './canonical.ts';
import type { Reached } from './reach.ts';

/** The lists of a server that a lock holds, by what each holds. */
export const LISTS = {
  tool: 'tools',
  prompt: 'prompts',
  resourceTemplate: 'resourceTemplates',
} as const satisfies Record<LockedKind, string>;

/** By which member a definition is named. */
export const NAMED = { tool: 'name', prompt: 'name', resourceTemplate: 'uriTemplate' } as const;

export const LOCKED_KINDS: readonly LockedKind[] = ['tool', 'prompt', 'resourceTemplate'];

/** A definition that was approved. The digest is what is compared; the definition is there to be read. */
export interface LockedDefinition {
  readonly digest: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

export interface LockedServer {
  readonly reached: Reached;
  readonly instructions?: { readonly digest: string; readonly text: string };
  readonly tools: ReadonlyMap<string, LockedDefinition>;
  readonly prompts: ReadonlyMap<string, LockedDefinition>;
  readonly resourceTemplates: ReadonlyMap<string, LockedDefinition>;
}

/** What a lock holds, by the names of servers. */
export type LockContent = ReadonlyMap<string, LockedServer>;

/**
 * Members of `_meta` that hosts show to a person or give to a model: of MCP Apps, MCP-UI, and of hosts themselves. Others are
 * for programs, and may differ from one list to the next.
 */
const SHOWN_META =
  /^(?:ui$|ui[/.]|mcp-?ui\b|(?:[\w-]+\.)*(?:openai|anthropic|claude|mcpui)(?:\.[\w-]+)*\/|io\.modelcontextprotocol\/ui\b)/i;

/**
 * A definition as a lock holds it: all that the server says of it, and of `_meta` what is shown or given to a model. Throws
 * `NotCanonical`.
 */
export function lockedOf(definition: object): LockedDefinition {
  return lockedOfPlain(plainCopy(definition));
}

/** As {@link lockedOf}, of what `plainCopy` returned. */
export function lockedOfPlain(copy: unknown): LockedDefinition {
  const { _meta, ...rest }: Record<string, unknown> = isRecord(copy) ? copy : {};
  const shown = Object.entries(isRecord(_meta) ? _meta : {}).filter(([key]) => SHOWN_META.test(key));
  const held = shown.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(shown) };
  return { digest: digestOf(held), definition: held };
}

export function lockedText(text: string): { readonly digest: string; readonly text: string } {
  const held = toWellFormed(text);
  return { digest: digestOf(held), text: held };
}
