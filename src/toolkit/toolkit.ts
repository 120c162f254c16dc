import { closed } from '../errors/session-end.ts';
import { notTaken } from '../errors/toolkit.ts';
import { isRecord } from '../internal/checks.ts';
import { checkCall, invalidCall } from '../options/call-checks.ts';
import { argumentFault, checkOptions, readable, withoutUndefined } from '../options/check-options.ts';
import { string } from '../options/kinds.ts';
import { toolkitOptions } from '../options/tables/toolkit.ts';
import { prefixedName } from '../group/catalog/prefixed-name.ts';
import { SessionGroup } from '../group/session-group.ts';
import type { Session } from '../session/session.ts';
import { type CatalogSource, type OwnNaming, expectToolSource, type ToolSource } from './tool-source.ts';
import { type ToolProblem, rememberLast } from './live-tools.ts';
import type { ToolPolicy } from './policy/tool-policy.ts';
import { applyPolicy } from './policy/with-policy.ts';
import type { ResourceToolOptions } from './resources/resource-tool-options.ts';
import type { ResultBounds } from './results/result-bounds.ts';
import { withBoundedResults } from './results/with-bounded-results.ts';
import { toolNameProblem } from './model-tool.ts';
import type { Catalog } from '../group/catalog/catalog.ts';
import { withOwnTools, type ExtendedToolSource, type OwnTool } from './own-tools.ts';
import { withVisibleText } from './sanitize.ts';
import { createPromptTools } from './resources/prompt-tools.ts';
import { createResourceTools } from './resources/resource-tools.ts';

/** Options of a toolkit. */
export interface ToolkitOptions {
  /** Which tools are listed, which may be called, and how. It applies to tools of resources and prompts, too. */
  readonly policy?: ToolPolicy;
  /**
   * Whether there are tools for resources and templates. They return the contents to the model, or save them with
   * `downloadTo`.
   * @default false
   */
  readonly resources?: boolean | ResourceToolOptions;
  /**
   * Whether there is a tool for each prompt.
   * @default false
   */
  readonly prompts?: boolean;
  /**
   * Whether characters that nobody sees are removed from the names, titles, descriptions and schemas of tools: tags, marks of
   * direction, zero-width characters, escapes. A model reads them, and a person who looks at the tool does not. Each tool that
   * had some is one of the `problems`. Results are data and stay as they are.
   * @default true
   */
  readonly sanitize?: boolean;
  /**
   * Whether long results are returned page by page, and the size of a page.
   * @default false
   */
  readonly results?: boolean | ResultBounds;
  /**
   * The default time limit of a call, in milliseconds.
   * @default the session's `timeoutMs`
   */
  readonly timeoutMs?: number;
}

/** Tools for a model, to be passed to an adapter. */
export interface Toolkit extends ToolSource, AsyncDisposable {
  /**
   * Tools that are left out or changed, and entries of the policy that match nothing, each with the reason.
   */
  readonly problems: readonly ToolProblem[];
  /**
   * Drops all kept results; calls reject with `SESSION_CLOSED` from then on. The group or session stays open.
   * Idempotent.
   */
  close(): Promise<void>;
}

/**
 * Makes a toolkit of a group, or of a session, whose tools keep the names of the server. Throws `CONFIG_INVALID`, or
 * rejects with it for a session.
 *
 * A call of a tool that the policy hides rejects with `UNKNOWN_TOOL`, one with invalid arguments with
 * `INVALID_ARGUMENTS`; otherwise calls are as with {@link SessionGroup.callTool}. For a model use `runTool` or an
 * adapter, which turn failures into results.
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
  const isOne = readable(
    'A source of tools',
    () => isRecord(given) && 'callTool' in given && 'listTools' in given && !('tools' in given),
  );
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

/**
 * From the inside out: first tools for resources and prompts, then the removal of hidden characters and the policy, which
 * apply to them, too, then the bounds of results.
 */
function compose(
  from: CatalogSource | ToolSource,
  options: ToolkitOptions,
  naming: OwnNaming,
  release = (): Promise<void> => Promise.resolve(),
): Toolkit {
  const { policy = {}, resources, prompts, sanitize, results, timeoutMs } = checked(options);
  const problems: (() => readonly ToolProblem[])[] = [];
  const add = <S extends ToolSource & { readonly problems: readonly ToolProblem[] }>(layer: S): S => {
    problems.push(() => layer.problems);
    return layer;
  };
  let source: ToolSource = from;
  if (resources !== undefined || prompts === true) {
    source = add(withCatalogTools(expectCatalog(from), { resources, prompts }, naming));
  }
  if (sanitize !== false) source = add(withVisibleText(source));
  source = add(applyPolicy(source, policy, from));
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
      if (closing !== undefined) throw closed('toolkit');
      const fault = typeof name === 'string' ? checkCall(callOptions) : argumentFault('name', string, name);
      if (fault !== undefined) throw invalidCall('Calling a tool', fault);
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
  readonly sanitize?: boolean;
  readonly results?: ResultBounds;
  readonly timeoutMs?: number;
}

/** Checks the options that no layer checks itself. Throws `CONFIG_INVALID`. */
function checked(options: ToolkitOptions): CheckedOptions {
  checkOptions(toolkitOptions, options, 'Toolkit options');
  const { resources, results, ...rest } = withoutUndefined(options);
  const resourceOptions = switched(resources);
  const bounds = switched(results);
  return {
    ...rest,
    ...(resourceOptions !== undefined && { resources: resourceOptions }),
    ...(bounds !== undefined && { results: bounds }),
  };
}

/** Converts an option that may be `true` or `false` to an object or undefined. */
function switched<T extends object>(option: boolean | T | undefined): T | Record<string, never> | undefined {
  if (option === true) return {};
  return option === false ? undefined : option;
}

function expectCatalog(from: CatalogSource | ToolSource): CatalogSource {
  if ('catalog' in from) return from;
  const message =
    'Options "resources" and "prompts" need a group or a session, not just any source of tools.';
  throw notTaken(message);
}

/** Keeps a name that every provider accepts, and prefixes any other. */
function bareName(server: string, name: string): string {
  return toolNameProblem(name) === undefined ? name : prefixedName(server, name);
}

interface CatalogToolOptions {
  readonly resources?: ResourceToolOptions | undefined;
  readonly prompts?: boolean | undefined;
}

/** Adds tools for a group's resources and prompts, which are updated with its catalog. Throws `CONFIG_INVALID`. */
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
