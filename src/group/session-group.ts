import type {
  CallToolResult,
  Client,
  CompleteResult,
  GetPromptResult,
  InputRequiredResult,
  LoggingLevel,
  ReadResourceResult,
} from '@modelcontextprotocol/client';
import { foreignSession, unknownName } from '../errors/catalog.ts';
import { closed } from '../errors/session-end.ts';
import { createDeferred } from '../internal/deferred.ts';
import { EventHub, type OverflowEvent } from '../internal/event-hub.ts';
import { printable } from '../internal/text.ts';
import { checkArguments, toolNameInvalid } from '../options/call-arguments.ts';
import {
  checkGroupCall,
  checkGroupRead,
  checkGroupReconnect,
  invalidCall,
  type CallCheck,
} from '../options/call-checks.ts';
import { ownOptions } from '../options/check-options.ts';
import type { CallOptions, ReadOptions } from '../session/call-options.ts';
import type { CompletionReference, Session, SessionStatus } from '../session/session.ts';
import type {
  Catalog,
  CatalogKind,
  CatalogOrigin,
  PromptEntry,
  ResourceEntry,
  ResourceTemplateEntry,
  ToolEntry,
} from './catalog/catalog.ts';
import { CatalogIndex } from './catalog/catalog-index.ts';
import type { GroupEvent } from './group-events.ts';
import {
  checkGroupOptions,
  resolveConnectOptions,
  type GroupConnectOptions,
  type GroupOptions,
  type GroupServerSpec,
} from './group-options.ts';
import { Interception } from './interceptors/interception.ts';
import { Joining, type GroupAddOptions } from './members/joining.ts';
import { KnownCatalogs } from './cache/known-catalogs.ts';
import { LogLevels } from './log-levels.ts';
import { memoryCatalogCache } from './cache/memory-catalog-cache.ts';
import type { Member, GroupServerStatus } from './members/member.ts';
import { Membership } from './members/membership.ts';
import { ResourceFinder } from './catalog/resource-finder.ts';
import { CatalogSearch } from './search/catalog-search.ts';
import type { SearchHit, SearchOptions } from './search/search-options.ts';
import { snapshotMap } from '../internal/snapshot-map.ts';

/** Names one server of the group. */
export interface ServerChoice {
  server?: string | undefined;
}

/**
 * Many servers presented as one: one live catalog of their tools, resources, templates and prompts, and calls
 * routed to their owners. Servers join and leave at any moment; each is supervised by itself, and one
 * that hangs, fails or dies does not slow the others down.
 */
export class SessionGroup implements AsyncDisposable {
  readonly #hub = new EventHub<GroupEvent>();
  readonly #index = new CatalogIndex();
  readonly #known: KnownCatalogs;
  readonly #membership: Membership;
  readonly #joining: Joining;
  readonly #resources: ResourceFinder;
  readonly #logLevels: LogLevels;
  readonly #search: CatalogSearch;
  readonly #interception: Interception | undefined;
  readonly #closed = createDeferred<unknown>();
  /** Whom each resource was last subscribed with; it may be listed by others, or by nobody, when that ends. */
  readonly #subscribed = new Map<string, CatalogOrigin>();
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;

  /** An empty group. Throws `CONFIG_INVALID`. */
  constructor(options: GroupOptions = {}) {
    checkGroupOptions(options);
    this.#known = new KnownCatalogs(options.catalogCache ?? memoryCatalogCache(), (server, error) =>
      this.#hub.publish({ type: 'problem', server, error }),
    );
    this.#membership = new Membership(this.#index, this.#hub, this.#known, (member) =>
      this.#logLevels.onReady(member),
    );
    this.#logLevels = new LogLevels(this.#membership, this.#hub);
    this.#joining = new Joining(options, this.#membership, this.#known);
    this.#resources = new ResourceFinder(this.#index);
    this.#search = new CatalogSearch(this.#index, this.#membership);
    this.#interception = Interception.of(options.interceptors);
  }

  /**
   * Opens servers side by side. Resolves when each is ready, has failed its first attempt, or has used up its
   * `connectTimeoutMs`; what is not ready is visible in `servers` and goes on being tried. A lazy server whose catalog is
   * known is not opened. With `strict`, rejects with `CONNECT_FAILED` and every cause in `errors`, and closes what had
   * opened.
   *
   * Rejects with `CONFIG_INVALID` before anything is opened, or `ABORTED`.
   */
  static async connect(options: GroupConnectOptions): Promise<SessionGroup> {
    const { options: ofGroup, connecting } = resolveConnectOptions(options);
    const group = new SessionGroup(ofGroup);
    try {
      await group.#joining.connectAll(connecting);
    } catch (error) {
      await group.destroy(error);
      throw error;
    }
    return group;
  }

  /**
   * Connects one more server and adds what it offers. Rejects with `NAME_COLLISION` when the server's name is
   * taken, or under `bare` or function naming one of its entries' names; with what the opening failed with; or
   * with `ABORTED`. A rejected server leaves neither process nor socket nor entry behind.
   */
  add(name: string, spec: GroupServerSpec, options: GroupAddOptions = {}): Promise<Session> {
    return this.#joining.add(name, spec, options);
  }

  /**
   * Takes in a session or official client that the caller opened, and lists what it offers; closing it stays the
   * caller's. When the session is closed, or the lease that it belongs to ends, its entries go and its status is
   * `closed` until it is removed. Rejects with `CONFIG_INVALID`, `NAME_COLLISION` or `SESSION_CLOSED`.
   */
  adopt(name: string, session: Session | Client): Promise<Session> {
    return this.#joining.adopt(name, session);
  }

  /** Takes a server's entries out, then closes its session if the group opened it. `UNKNOWN_SERVER` if not there. */
  async remove(server: string | Session): Promise<void> {
    const member = this.#memberOf(server);
    this.#membership.drop(member);
    const { name, own } = member;
    for (const [uri, origin] of this.#subscribed) if (origin.server === name) this.#subscribed.delete(uri);
    if (own !== undefined) await this.#membership.endApart(own, () => this.#closeAfterCalls(own));
  }

  /** How every server is doing. */
  get servers(): ReadonlyMap<string, GroupServerStatus> {
    const statuses = [...this.#membership.members].map(
      (member) => [member.name, member.status(this.#index.counts(member.name))] as const,
    );
    return snapshotMap(statuses);
  }

  /** Everything on offer, of one moment. */
  get catalog(): Catalog {
    return this.#index.catalog;
  }

  /** Tools by exposed name. */
  get tools(): ReadonlyMap<string, ToolEntry> {
    return this.#index.tools.snapshot();
  }

  /** Resources by URI; one that several servers have is shown as the first one's. */
  get resources(): ReadonlyMap<string, ResourceEntry> {
    return this.#index.resources.snapshot();
  }

  /** Resource templates by URI template. */
  get resourceTemplates(): ReadonlyMap<string, ResourceTemplateEntry> {
    return this.#index.resourceTemplates.snapshot();
  }

  /** Prompts by exposed name. */
  get prompts(): ReadonlyMap<string, PromptEntry> {
    return this.#index.prompts.snapshot();
  }

  /**
   * Finds entries of the catalog by words of their names, titles, descriptions and parameter names, the best first
   * (BM25). Asks no server. Rejects with `CONFIG_INVALID`, or `UNKNOWN_SERVER`.
   */
  search<K extends CatalogKind>(query: string, options: SearchOptions<K> = {}): Promise<SearchHit<K>[]> {
    return this.#search.search(query, options);
  }

  /** The session of a server. Throws `UNKNOWN_SERVER`. */
  session(server: string): Session {
    return this.#membership.get(server).session;
  }

  /**
   * Calls a tool by its exposed name on the server that has it. Rejects with `UNKNOWN_TOOL`, and asks no server,
   * when there is none of that name; else as {@link Session.callTool}.
   */
  callTool(
    name: string,
    args: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions & { allowInputRequired: true },
  ): Promise<CallToolResult | InputRequiredResult>;
  callTool(
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<CallToolResult>;
  callTool(
    name: string,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<CallToolResult> {
    try {
      const tool = this.#index.tools.get(name) ?? this.#unknown('tool', name, this.#index.tools.keys());
      const session = this.#sessionOf(tool);
      if (this.#interception === undefined) return session.callTool(tool.upstreamName, args, options);
      return this.#interception.callTool({ name, definition: tool, session }, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Reads a resource from the server that lists it, or that has a template for it. Rejects with
   * `UNKNOWN_RESOURCE`, or `AMBIGUOUS_RESOURCE` when several have it and `server` names none.
   */
  async readResource(
    resource: string | URL,
    options: ReadOptions & ServerChoice = {},
  ): Promise<ReadResourceResult> {
    const uri = checkedUri('Reading a resource', resource);
    const { server, ...rest } = checked(options, checkGroupRead, `Reading resource "${printable(uri)}"`);
    const owner = this.#findResource(uri, server);
    return this.#sessionOf(owner).readResource(owner.upstreamName, rest);
  }

  /** Asks for `resource-updated` events; restored when the server reconnects. Finds the owner as `readResource` does. */
  async subscribeResource(resource: string | URL, options: CallOptions & ServerChoice = {}): Promise<void> {
    const uri = checkedUri('Subscribing to a resource', resource);
    const { server, ...rest } = checked(options, checkGroupCall, `Subscribing to "${printable(uri)}"`);
    const owner = this.#findResource(uri, server);
    await this.#sessionOf(owner).subscribeResource(owner.upstreamName, rest);
    this.#subscribed.set(uri, owner);
  }

  /** Ends a subscription, with the server that it was made with if `server` names none. */
  async unsubscribeResource(resource: string | URL, options: CallOptions & ServerChoice = {}): Promise<void> {
    const uri = checkedUri('Unsubscribing from a resource', resource);
    const { server, ...rest } = checked(options, checkGroupCall, `Unsubscribing from "${printable(uri)}"`);
    const known = server === undefined ? this.#subscribed.get(uri) : undefined;
    const owner = known ?? this.#findResource(uri, server);
    this.#subscribed.delete(uri);
    await this.#sessionOf(owner).unsubscribeResource(owner.upstreamName, rest);
  }

  /** Gets a prompt by its exposed name. Rejects with `UNKNOWN_PROMPT`. */
  async getPrompt(
    name: string,
    args?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<GetPromptResult> {
    checkArguments('Getting a prompt', { name, args });
    const prompt = this.#findPrompt(name);
    return this.#sessionOf(prompt).getPrompt(prompt.upstreamName, args, options);
  }

  /** Completes an argument of a prompt (by exposed name) or of a resource template. */
  async complete(
    ref: CompletionReference,
    argument: { name: string; value: string },
    context?: { arguments?: Readonly<Record<string, string>> },
    options: CallOptions & ServerChoice = {},
  ): Promise<CompleteResult> {
    checkArguments('Completing an argument', { ref, argument, context });
    const { server, ...rest } = checked(options, checkGroupCall, 'Completing an argument');
    if (ref.type === 'ref/prompt') {
      const prompt = this.#findPrompt(ref.name);
      return this.#sessionOf(prompt).complete({ ...ref, name: prompt.upstreamName }, argument, context, rest);
    }
    const [template, ...others] = this.#index.resourceTemplates
      .find(ref.uri)
      .filter((entry) => server === undefined || entry.server === server);
    const owner =
      template !== undefined && others.length === 0 ? template : this.#findResource(ref.uri, server);
    return this.#sessionOf(owner).complete({ ...ref, uri: owner.upstreamName }, argument, context, rest);
  }

  /**
   * Sets the least severe level that servers log: of one server, or of all that offer logging, now and when they
   * come back.
   */
  async setLoggingLevel(level: LoggingLevel, options: CallOptions & ServerChoice = {}): Promise<void> {
    checkArguments('Setting the log level', { level });
    const { server, ...rest } = checked(options, checkGroupCall, 'Setting the log level');
    this.#expectOpen();
    await this.#logLevels.set(level, server, rest);
  }

  /** Pings one server, or all that are ready. Rejects with the first failure. */
  async ping(options: CallOptions & ServerChoice = {}): Promise<void> {
    const { server, ...rest } = checked(options, checkGroupCall, 'Pinging servers');
    this.#expectOpen();
    if (server !== undefined) return this.#membership.get(server).session.ping(rest);
    await this.#membership.askReady((session) => session.ping(rest));
  }

  /**
   * Fetches every list of one server, or of all that are ready, past every cache, and commits them together; the
   * options hold for each request. A lazy server that is named is started. A list that cannot be had stays as it was;
   * `servers` says why. Rejects with `UNKNOWN_SERVER`, `ABORTED`, or what the start of a lazy server failed with.
   */
  async refresh(options: CallOptions & ServerChoice = {}): Promise<void> {
    const { server, ...rest } = checked(options, checkGroupCall, 'Refreshing servers');
    this.#expectOpen();
    if (server === undefined) return this.#membership.refresh(this.#membership.members, rest);
    await this.#membership.refresh([await this.#membership.wake(server, rest.signal)], rest);
  }

  /**
   * Replaces connections now: of all servers that the group opened, lazy ones that are not up among them, or with
   * `failedOnly` of those that are not ready but should be. Resolves when each attempt has ended; what failed goes on being tried.
   */
  async reconnect(options: { failedOnly?: boolean } = {}): Promise<void> {
    checked(options, checkGroupReconnect, 'Reconnecting servers');
    this.#expectOpen();
    const chosen = [...this.#membership.members].filter(
      ({ own, phase, session }) =>
        own !== undefined && phase !== 'refused' && !(options.failedOnly === true && isWell(session.status)),
    );
    await Promise.allSettled(chosen.map(({ session }) => session.reconnect()));
  }

  /** All that happens from now on, in every server. Ends when the group is closed. */
  events(): AsyncIterableIterator<GroupEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  /** Closes every session that the group opened, side by side; calls in flight finish first. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#end((session) => this.#closeAfterCalls(session), undefined);
    return this.#closing;
  }

  /** Fails calls in flight with `SESSION_CLOSED` and ends every session that the group opened by force. Idempotent. */
  destroy(reason?: unknown): Promise<void> {
    this.#interception?.destroy(reason);
    this.#destroying ??= this.#end((session) => session.destroy(reason), reason);
    return this.#destroying;
  }

  /** Resolves when the group is closed and nothing of it is left, with the reason if it was destroyed. */
  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(endSession: (session: Session) => Promise<void>, reason: unknown): Promise<void> {
    const members = this.#membership.end();
    await Promise.all([
      ...members.map(async (member) => {
        member.release();
        if (member.own !== undefined) await endSession(member.own);
      }),
      ...this.#membership.leaving.map(endSession),
    ]);
    await this.#interception?.drain(); // Calls to adopted sessions, too.
    await this.#known.finish();
    this.#hub.end();
    this.#closed.resolve(reason);
  }

  /** Closes a session when the calls that are on their way to it have ended. */
  async #closeAfterCalls(session: Session): Promise<void> {
    if (this.#interception !== undefined) await this.#interception.drain(session);
    await session.close();
  }

  #memberOf(server: string | Session): Member {
    if (typeof server !== 'object' || server === null) return this.#membership.get(server);
    for (const member of this.#membership.members) if (member.session === server) return member;
    throw foreignSession(server.name);
  }

  #sessionOf({ server }: CatalogOrigin): Session {
    this.#expectOpen();
    return this.#membership.get(server).session;
  }

  #findResource(uri: string, server: string | undefined): CatalogOrigin {
    this.#expectOpen();
    if (server !== undefined) this.#membership.get(server);
    return this.#resources.find(uri, server);
  }

  #findPrompt(name: string): PromptEntry {
    return this.#index.prompts.get(name) ?? this.#unknown('prompt', name, this.#index.prompts.keys());
  }

  #unknown(noun: 'tool' | 'prompt', name: string, known: Iterable<string>): never {
    if (typeof name !== 'string') throw toolNameInvalid(name);
    this.#expectOpen();
    throw unknownName(noun, name, known);
  }

  #expectOpen(): void {
    if (this.#closing === undefined && this.#destroying === undefined) return;
    throw closed('group');
  }
}

/** A server that nobody uses is as it should be. */
function isWell({ state }: SessionStatus): boolean {
  return state === 'ready' || state === 'idle';
}

function checkedUri(doing: string, uri: string | URL): string {
  checkArguments(doing, { uri });
  return String(uri);
}

/** The options of a call that may name its server. Throws `INVALID_ARGUMENTS`. */
function checked<T extends object>(options: T, check: CallCheck, doing: string): T {
  const fault = check(options);
  if (fault !== undefined) throw invalidCall(doing, fault);
  return ownOptions(options);
}
