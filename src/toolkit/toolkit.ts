import { PlenumError } from '../errors/plenum-error.ts';
import { checkBoolean, checkDuration, isRecord } from '../internal/checks.ts';
import { prefixedName } from '../group/catalog/prefixed-name.ts';
import { SessionGroup } from '../group/session-group.ts';
import type { Session } from '../session/session.ts';
import { type CatalogSource, type OwnNaming, expectToolSource, type ToolSource } from './tool-source.ts';
import { type ToolProblem, rememberLast } from './live-tools.ts';
import type { ToolPolicy } from './policy/tool-policy.ts';
import { withPolicy } from './policy/with-policy.ts';
import type { ResourceToolOptions } from './resources/resource-tool-options.ts';
import type { ResultBounds } from './results/result-bounds.ts';
import { withBoundedResults } from './results/with-bounded-results.ts';
import { toolNameProblem } from './model-tool.ts';
import type { Catalog } from '../group/catalog/catalog.ts';
import { withOwnTools, type ExtendedToolSource, type OwnTool } from './own-tools.ts';
import { createPromptTools } from './resources/prompt-tools.ts';
import { createResourceTools } from './resources/resource-tools.ts';

/** What goes into a toolkit beside tools, and how calls are made. */
export interface ToolkitOptions {
  /** What is listed, what may be called, and how; it holds for tools of resources and prompts, too. */
  readonly policy?: ToolPolicy;
  /**
   * Whether resources and templates are tools. `true` shows them to the model; with `downloadTo` they are saved.
   * @default false
   */
  readonly resources?: boolean | ResourceToolOptions;
  /**
   * Whether prompts are tools.
   * @default false
   */
  readonly prompts?: boolean;
  /**
   * Whether long results are handed out page by page, and how long a page is.
   * @default false
   */
  readonly results?: boolean | ResultBounds;
  /**
   * How long an answer may take when a call says nothing else, in milliseconds.
   * @default the session's `timeoutMs`
   */
  readonly timeoutMs?: number;
}

/** Tools for a model: what adapters take. */
export interface Toolkit extends ToolSource, AsyncDisposable {
  /** Tools that are left out because another has their name. */
  readonly problems: readonly ToolProblem[];
  /** Forgets what was kept; calls reject with `SESSION_CLOSED` from then on. What it was made of stays open. Idempotent. */
  close(): Promise<void>;
}

/**
 * Makes a toolkit of a group, or of a session under the names that its server gives. Rejects (for a session) or throws
 * with `CONFIG_INVALID`.
 *
 * A call that a policy hides rejects with `UNKNOWN_TOOL`, arguments that do not fit with `INVALID_ARGUMENTS`; everything
 * else is as with {@link SessionGroup.callTool}. A model is better served by `runTool` or an adapter, which tell it what
 * went wrong.
 */
export function createToolkit(group: CatalogSource | ToolSource, options?: ToolkitOptions): Toolkit;
export function createToolkit(session: Session, options?: ToolkitOptions): Promise<Toolkit>;
export function createToolkit(
  from: CatalogSource | ToolSource | Session,
  options: ToolkitOptions = {},
): Toolkit | Promise<Toolkit> {
  if (isSession(from)) return ofSession(from, options);
  return compose(from, options, prefixedName);
}

function isSession(from: CatalogSource | ToolSource | Session): from is Session {
  const given: unknown = from;
  const isOne = isRecord(given) && 'callTool' in given && 'listTools' in given && !('tools' in given);
  if (!isOne) expectToolSource(given);
  return isOne;
}

async function ofSession(session: Session, options: ToolkitOptions): Promise<Toolkit> {
  const group = new SessionGroup({ naming: 'bare' });
  try {
    await group.adopt(session.name, session);
    return compose(group, options, bareName, () => group.close());
  } catch (error) {
    await group.close();
    throw error;
  }
}

/** From the inside out: the policy decides about all that speaks to a server, and what it lets through is bounded. */
function compose(
  from: CatalogSource | ToolSource,
  options: ToolkitOptions,
  naming: OwnNaming,
  release = (): Promise<void> => Promise.resolve(),
): Toolkit {
  const { policy = {}, resources, prompts, results, timeoutMs } = checked(options);
  const problems: (() => readonly ToolProblem[])[] = [];
  const add = <S extends ToolSource & { readonly problems: readonly ToolProblem[] }>(layer: S): S => {
    problems.push(() => layer.problems);
    return layer;
  };
  let source: ToolSource = from;
  if (resources !== undefined || prompts === true) {
    source = add(withCatalogTools(expectCatalog(from), { resources, prompts }, naming));
  }
  source = add(withPolicy(source, policy));
  const bounded = results === undefined ? undefined : add(withBoundedResults(source, results));
  source = bounded ?? source;

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= release();
    bounded?.clear();
    return closing;
  };
  return {
    get tools() {
      return source.tools;
    },
    get problems() {
      return problems.flatMap((read) => read());
    },
    callTool: async (name, args, callOptions = {}) => {
      if (closing !== undefined) throw new PlenumError('SESSION_CLOSED', 'The toolkit is closed.');
      return source.callTool(name, args, { ...callOptions, timeoutMs: callOptions.timeoutMs ?? timeoutMs });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface CheckedOptions {
  readonly policy?: ToolPolicy;
  readonly resources?: ResourceToolOptions;
  readonly prompts?: boolean;
  readonly results?: ResultBounds;
  readonly timeoutMs?: number;
}

const KNOWN: ReadonlySet<string> = new Set<keyof ToolkitOptions>([
  'policy',
  'resources',
  'prompts',
  'results',
  'timeoutMs',
]);

/** Checks what no layer does by itself. Throws `CONFIG_INVALID`. */
function checked(options: ToolkitOptions): CheckedOptions {
  const given: unknown = options;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Toolkit options must be an object.');
  // A misspelt policy would forbid nothing.
  const unknown = Object.keys(given).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) {
    const known = [...KNOWN].join(', ');
    throw new PlenumError('CONFIG_INVALID', `Toolkit option "${unknown}" is not known; known are ${known}.`);
  }
  const { resources, results, ...rest } = options;
  checkBoolean('prompts', rest.prompts);
  checkDuration('timeoutMs', rest.timeoutMs);
  const resourceOptions = switched(resources);
  const bounds = switched(results);
  return {
    ...rest,
    ...(resourceOptions !== undefined && { resources: resourceOptions }),
    ...(bounds !== undefined && { results: bounds }),
  };
}

/** An option that may be just on or off. */
function switched<T extends object>(option: boolean | T | undefined): T | Record<string, never> | undefined {
  if (option === true) return {};
  return option === false ? undefined : option;
}

function expectCatalog(from: CatalogSource | ToolSource): CatalogSource {
  if ('catalog' in from) return from;
  const message =
    'Options "resources" and "prompts" need a group or a session, not just any source of tools.';
  throw new PlenumError('CONFIG_INVALID', message);
}

/** The name as it is, where that is one that every provider accepts. */
function bareName(server: string, name: string): string {
  return toolNameProblem(name) === undefined ? name : prefixedName(server, name);
}

interface CatalogToolOptions {
  readonly resources?: ResourceToolOptions | undefined;
  readonly prompts?: boolean | undefined;
}

/** Adds tools for what a group has beside tools. They follow its catalog. Throws `CONFIG_INVALID`. */
function withCatalogTools(
  source: CatalogSource,
  { resources, prompts }: CatalogToolOptions,
  naming: OwnNaming,
): ExtendedToolSource {
  const makers: ((catalog: Catalog) => OwnTool[])[] = [];
  if (resources !== undefined) makers.push(createResourceTools(source, naming, resources));
  if (prompts === true) makers.push(createPromptTools(source, naming));
  const make = rememberLast((catalog: Catalog) => makers.flatMap((maker) => maker(catalog)));
  return withOwnTools(source, () => make(source.catalog));
}
