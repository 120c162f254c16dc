import type {
  CallToolResult,
  Client,
  CompleteResult,
  GetPromptResult,
  InputRequiredResult,
  LoggingLevel,
  ReadResourceResult,
} from '@modelcontextprotocol/client';
import { foreignSession, unknownEntry } from '../errors/catalog.ts';
import { handlerFailed } from '../errors/call.ts';
import { definitionDrifted } from '../errors/lock.ts';
import { closed } from '../errors/session-end.ts';
import { createDeferred } from '../internal/deferred.ts';
import { EventHub, type OverflowEvent } from '../internal/event-hub.ts';
import { printable } from '../internal/text.ts';
import { checkArguments } from '../options/call-arguments.ts';
import {
  checkGroupCall,
  checkGroupRead,
  checkGroupReady,
  checkGroupReconnect,
  invalidCall,
  type CallCheck,
} from '../options/call-checks.ts';
import { checkValue, ownOptions } from '../options/check-options.ts';
import { string } from '../options/kinds.ts';
import { groupReadyOptions } from '../options/tables/group.ts';
import type { CallOptions, ReadOptions } from '../session/call-options.ts';
import type { CompletionReference, Session, SessionStatus } from '../session/session.ts';
import { resolveBacklog } from '../session/session-options.ts';
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
import { expose } from './catalog/expose.ts';
import type { GroupEvent } from './group-events.ts';
import { groupRoutes, type AcceptOrigin, type GroupRoutes } from './group-routes.ts';
import {
  checkGroupOptions,
  resolveConnectOptions,
  type GroupConnectOptions,
  type GroupOptions,
  type GroupServerSpec,
} from './group-options.ts';
import { Interception } from './interceptors/interception.ts';
import { MemberConnector, type GroupAddOptions } from './members/member-connector.ts';
import { KnownCatalogs } from './cache/known-catalogs.ts';
import { instructionsText } from './instructions.ts';
import { LogLevels } from './log-levels.ts';
import { memoryCatalogCache } from './cache/memory-catalog-cache.ts';
import type { Member, GroupServerStatus } from './members/member.ts';
import { Membership } from './members/membership.ts';
import { unreadyServers } from './members/unready-servers.ts';
import { untilReady, type ReadyOptions } from './members/until-ready.ts';
import { COMPLETING, nameOfEntry, referenceOf, serverOf, uriOfResource } from './catalog/given-entries.ts';
import { ResourceFinder } from './catalog/resource-finder.ts';
import { CatalogSearch } from './search/catalog-search.ts';
import type { SearchHit, SearchOptions } from './search/search-options.ts';
import { snapshotMap } from '../internal/snapshot-map.ts';

/** Which server of the group a call is for. */
export interface ServerChoice {
  /** Its name in the group. */
  server?: string | undefined;
}

/**
 * Many servers presented as one: one live catalog of their tools, resources, templates and prompts, and calls
 * routed to the server that has the entry. Servers can be added and removed at any time. Each has its own session, so
 * one that hangs, fails or exits does not slow the others down.
 */
export class SessionGroup implements AsyncDisposable {
  readonly #hub: EventHub<GroupEvent>;
  readonly #index = new CatalogIndex();
  readonly #known: KnownCatalogs;
  readonly #membership: Membership;
  readonly #connector: MemberConnector;
  readonly #resources: ResourceFinder;
  readonly #logLevels: LogLevels;
  readonly #search: CatalogSearch;
  readonly #interception: Interception | undefined;
  readonly #closed = createDeferred<unknown>();
  /** The server of each subscription, by URI: when it ends, another server may list the resource, or none. */
  readonly #subscribed = new Map<string, CatalogOrigin>();
  #closing: Promise<void> | undefined;
  #destroying: Promise<void> | undefined;

  /** An empty group. Throws `CONFIG_INVALID`. */
  constructor(options: GroupOptions = {}) {
    checkGroupOptions(options);
    this.#hub = new EventHub(resolveBacklog(options.eventBacklog));
    if (options.onEvent !== undefined) {
      this.#hub.call(options.onEvent, (cause, { server }) => {
        const error = handlerFailed('The function "onEvent" of the group threw', server, cause);
        this.#hub.publish({ type: 'problem', server, error });
      });
    }
    this.#known = new KnownCatalogs(options.catalogCache ?? memoryCatalogCache(), (server, error) =>
      this.#hub.publish({ type: 'problem', server, error }),
    );
    this.#membership = new Membership(this.#index, this.#hub, this.#known, (member) =>
      this.#logLevels.onReady(member),
    );
    this.#logLevels = new LogLevels(this.#membership, this.#hub);
    this.#connector = new MemberConnector(options, this.#membership, this.#known);
    this.#resources = new ResourceFinder(this.#index, () =>
      unreadyServers(this.#membership.members, ['resources', 'resourceTemplates']),
    );
    this.#search = new CatalogSearch(this.#index, this.#membership);
    this.#interception = Interception.of(options.interceptors);
  }

  /**
   * Makes a group and connects its servers, in parallel. Resolves when each is ready, has failed its first attempt, or
   * has used up its `connectTimeoutMs`. `servers` shows which are not ready; further attempts follow for them. A lazy
   * server whose catalog is cached is not started. With `strict`, rejects with `CONNECT_FAILED` if any server is not
   * ready, with all the causes in `errors`, and closes the others.
   *
   * Rejects with `CONFIG_INVALID` before anything is opened, or `ABORTED`.
   */
  static async connect(options: GroupConnectOptions): Promise<SessionGroup> {
    const { options: ofGroup, connecting } = resolveConnectOptions(options);
    const group = new SessionGroup(ofGroup);
    try {
      await group.#connector.connectAll(connecting);
    } catch (error) {
      await group.destroy(error);
      throw error;
    }
    return group;
  }

  /**
   * Connects one more server and adds its entries to the catalog. Rejects with `CONFIG_INVALID`; with `NAME_COLLISION`
   * when the server's name is taken, or, under the naming `bare` or a function, the name of one of its entries; with
   * `ABORTED` or `SESSION_CLOSED`; or as `openSession` does. Then no process, socket or entry of the server is left.
   */
  add(name: string, spec: GroupServerSpec, options: GroupAddOptions = {}): Promise<Session> {
    return this.#connector.add(name, spec, options);
  }

  /**
   * Adds a session or official client that the caller opened, and lists its entries. The group does not close it. When
   * the session is closed, or its lease ends, its entries leave the catalog, and its status is `closed` until it is
   * removed. Rejects with `CONFIG_INVALID`, `NAME_COLLISION` or `SESSION_CLOSED`.
   */
  adopt(name: string, session: Session | Client): Promise<Session> {
    return this.#connector.adopt(name, session);
  }

  /**
   * Removes a server's entries from the catalog, then closes its session if the group opened it, after the calls in
   * flight. Rejects with `UNKNOWN_SERVER`.
   */
  async remove(server: string | Session): Promise<void> {
    const member = this.#memberOf(server);
    this.#membership.drop(member);
    const { name, own } = member;
    for (const [uri, origin] of this.#subscribed) if (origin.server === name) this.#subscribed.delete(uri);
    if (own !== undefined) await this.#membership.endApart(own, () => this.#closeAfterCalls(own));
  }

  /** The status of each server, by name. A snapshot. */
  get servers(): ReadonlyMap<string, GroupServerStatus> {
    const statuses = [...this.#membership.members].map(
      (member) => [member.name, member.status(this.#index.counts(member.name))] as const,
    );
    return snapshotMap(statuses);
  }

  /** All entries of all servers. A snapshot. */
  get catalog(): Catalog {
    return this.#index.catalog;
  }

  /** Tools by exposed name. */
  get tools(): ReadonlyMap<string, ToolEntry> {
    return this.#index.tools.snapshot();
  }

  /** Resources by URI. Of a URI that several servers list, the entry of the first one. */
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
   * Finds catalog entries by words of their names, titles, descriptions and parameter names, the best match first
   * (BM25). Sends no request. Rejects with `CONFIG_INVALID` or `UNKNOWN_SERVER`.
   */
  search<K extends CatalogKind>(query: string, options: SearchOptions<K> = {}): Promise<SearchHit<K>[]> {
    return this.#search.search(query, options);
  }

  /**
   * What the servers tell a model about themselves (`instructions` of the handshake), as one Markdown text for a system
   * prompt: a heading for each server that has some, in the order in which they were added. At most 4000 characters of a
   * server and 32000 in all, without characters that nobody sees. Empty when no server has any; it changes as servers
   * come and go.
   */
  get instructions(): string {
    return instructionsText(this.#membership.members);
  }

  /** The session of each server, by name. A snapshot. */
  get sessions(): ReadonlyMap<string, Session> {
    return snapshotMap([...this.#membership.members].map(({ name, session }) => [name, session] as const));
  }

  /** The session of a server. Throws `UNKNOWN_SERVER`. */
  session(server: string): Session {
    return this.#membership.get(server).session;
  }

  /**
   * Calls a tool, by its exposed name or its entry of `tools`, on the server that has it. Rejects with `UNKNOWN_TOOL`,
   * without a request, when there is none; `data.unready` has the servers that may have it and are not ready. Else as
   * {@link Session.callTool}.
   */
  callTool(
    tool: string | ToolEntry,
    args: Readonly<Record<string, unknown>> | undefined,
    options: CallOptions & { allowInputRequired: true },
  ): Promise<CallToolResult | InputRequiredResult>;
  callTool(
    tool: string | ToolEntry,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<CallToolResult>;
  callTool(
    tool: string | ToolEntry,
    args?: Readonly<Record<string, unknown>>,
    options?: CallOptions,
  ): Promise<CallToolResult> {
    try {
      const name = typeof tool === 'string' ? tool : nameOfEntry(this.#index, 'tool', tool);
      const definition = this.#index.tools.get(name) ?? this.#unknown('tool', name);
      const session = this.#sessionOf(definition);
      if (this.#interception === undefined) return session.callTool(definition.upstreamName, args, options);
      return this.#interception.callTool({ name, definition, session }, args, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Reads a resource, given by its URI or its entry of `resources`, from the server that lists it or a template for it.
   * Rejects with `UNKNOWN_RESOURCE`, or with `AMBIGUOUS_RESOURCE` when several servers do and `server` is not given; else
   * as {@link Session.readResource}.
   */
  async readResource(
    resource: string | URL | ResourceEntry,
    options: ReadOptions & ServerChoice = {},
  ): Promise<ReadResourceResult> {
    const uri = uriOfResource(this.#index, 'Reading a resource', resource);
    const { server, ...rest } = checked(options, checkGroupRead, `Reading resource "${printable(uri)}"`);
    const owner = this.#findResource(uri, server ?? serverOf(resource));
    return this.#sessionOf(owner).readResource(owner.upstreamName, rest);
  }

  /**
   * Subscribes to a resource, which gives `resource-updated` events, also after the server has reconnected. Finds the
   * server, and rejects, as `readResource` does.
   */
  async subscribeResource(
    resource: string | URL | ResourceEntry,
    options: CallOptions & ServerChoice = {},
  ): Promise<void> {
    const uri = uriOfResource(this.#index, 'Subscribing to a resource', resource);
    const { server, ...rest } = checked(options, checkGroupCall, `Subscribing to "${printable(uri)}"`);
    const owner = this.#findResource(uri, server ?? serverOf(resource));
    await this.#sessionOf(owner).subscribeResource(owner.upstreamName, rest);
    this.#subscribed.set(uri, owner);
  }

  /** Ends a subscription, on the server on which it was made unless `server` is given. */
  async unsubscribeResource(
    resource: string | URL | ResourceEntry,
    options: CallOptions & ServerChoice = {},
  ): Promise<void> {
    const uri = uriOfResource(this.#index, 'Unsubscribing from a resource', resource);
    const { server = serverOf(resource), ...rest } = checked(
      options,
      checkGroupCall,
      `Unsubscribing from "${printable(uri)}"`,
    );
    const known = server === undefined ? this.#subscribed.get(uri) : undefined;
    const owner = known ?? this.#findResource(uri, server);
    this.#subscribed.delete(uri);
    await this.#sessionOf(owner).unsubscribeResource(owner.upstreamName, rest);
  }

  /** Gets a prompt by its exposed name or its entry of `prompts`. Rejects with `UNKNOWN_PROMPT`. */
  async getPrompt(
    prompt: string | PromptEntry,
    args?: Readonly<Record<string, string>>,
    options?: CallOptions,
  ): Promise<GetPromptResult> {
    const name = typeof prompt === 'string' ? prompt : nameOfEntry(this.#index, 'prompt', prompt);
    checkArguments('Getting a prompt', { name, args });
    const { server, upstreamName } = this.#findPrompt(name);
    return this.#sessionOf({ server, upstreamName }).getPrompt(upstreamName, args, options);
  }

  /**
   * Completes an argument of a prompt or of a resource template, given by its exposed name or URI template, or by its entry
   * of `prompts` or `resourceTemplates`. Rejects with `UNKNOWN_PROMPT`, `UNKNOWN_RESOURCE` or `AMBIGUOUS_RESOURCE`; else as
   * {@link Session.complete}.
   */
  async complete(
    of: CompletionReference | PromptEntry | ResourceTemplateEntry,
    argument: { name: string; value: string },
    context?: { arguments?: Readonly<Record<string, string>> },
    options: CallOptions & ServerChoice = {},
  ): Promise<CompleteResult> {
    const ref = referenceOf(this.#index, of);
    checkArguments(COMPLETING, { ref, argument, context });
    const { server = serverOf(of), ...rest } = checked(options, checkGroupCall, COMPLETING);
    const owner = this.#completed(ref, server);
    const upstream =
      ref.type === 'ref/prompt' ? { ...ref, name: owner.upstreamName } : { ...ref, uri: owner.upstreamName };
    return this.#sessionOf(owner).complete(upstream, argument, context, rest);
  }

  /**
   * Sets the least severe level that servers log: of one server, or of all that have the capability `logging`, those
   * that connect later included. When all have answered, rejects with the first failure.
   */
  async setLoggingLevel(level: LoggingLevel, options: CallOptions & ServerChoice = {}): Promise<void> {
    checkArguments('Setting the log level', { level });
    const { server, ...rest } = checked(options, checkGroupCall, 'Setting the log level');
    this.#expectOpen();
    await this.#logLevels.set(level, server, rest);
  }

  /**
   * Waits until a server, or every server, can be called and has its entries in the catalog. Servers that connect in the
   * background get ready this way; a lazy one that sleeps counts as ready. When each has got ready or failed, rejects with
   * the first failure; also with `UNKNOWN_SERVER`, `TIMEOUT`, `ABORTED` or `SESSION_CLOSED`.
   */
  async ready(options: ReadyOptions = {}): Promise<void> {
    const {
      server,
      timeoutMs = groupReadyOptions.timeoutMs.default,
      signal,
    } = checked(options, checkGroupReady, 'Waiting for servers');
    this.#expectOpen();
    const members = server === undefined ? [...this.#membership.members] : [this.#membership.get(server)];
    await untilReady(this.#membership, members, { timeoutMs, signal });
  }

  /** Pings one server, or all that are ready. When all have answered, rejects with the first failure. */
  async ping(options: CallOptions & ServerChoice = {}): Promise<void> {
    const { server, ...rest } = checked(options, checkGroupCall, 'Pinging servers');
    this.#expectOpen();
    if (server !== undefined) return this.#membership.get(server).session.ping(rest);
    await this.#membership.askReady((session) => session.ping(rest));
  }

  /**
   * Fetches all lists of one server, or of all that are ready, without any cache, and puts them into the catalog
   * together. The options hold for each request. `server` starts a lazy server. A list that fails stays as it was;
   * `listErrors` in `servers` has the error. Rejects with `UNKNOWN_SERVER`, `ABORTED`, or the error of the start.
   */
  async refresh(options: CallOptions & ServerChoice = {}): Promise<void> {
    const { server, ...rest } = checked(options, checkGroupCall, 'Refreshing servers');
    this.#expectOpen();
    if (server === undefined) return this.#membership.refresh(this.#membership.members, rest);
    await this.#membership.refresh([await this.#membership.wake(server, rest.signal)], rest);
  }

  /**
   * Reconnects all servers that the group opened, and starts its lazy ones; with `failedOnly`, only those that are neither
   * `ready` nor `idle`. Resolves when each has been tried once; further attempts follow for those that failed.
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

  /**
   * The events of all servers from now on; it ends when the group is closed. A reader that falls behind by more than
   * `eventBacklog` allows (10000 events or 64 MiB) loses the oldest ones, and gets an `overflow` event with their number in
   * their place.
   */
  events(): AsyncIterableIterator<GroupEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  /** Closes the sessions that the group opened, in parallel, after their calls in flight. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#end((session) => this.#closeAfterCalls(session), undefined);
    return this.#closing;
  }

  /** Fails calls in flight with `SESSION_CLOSED` and ends the sessions that the group opened, at once. Idempotent. */
  destroy(reason?: unknown): Promise<void> {
    this.#interception?.destroy(reason);
    this.#destroying ??= this.#end((session) => session.destroy(reason), reason);
    return this.#destroying;
  }

  /** Resolves when the group is closed and has released all its resources, with the reason given to `destroy()`. */
  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  /** @internal */
  get [groupRoutes](): GroupRoutes {
    return {
      tool: (name) => this.#index.tools.get(name) ?? this.#unknown('tool', name),
      prompt: (name) => this.#findPrompt(name),
      unreadyFor: (name) => unreadyServers(this.#membership.members, ['tools'], name),
      resource: (uri, accepts) =>
        this.#findResource(uri, undefined, accepts && ((origin) => accepts(origin, 'resources'))),
      completion: (ref, accepts) => this.#completed(ref, undefined, accepts),
      expose: (server, kind, definitions) => {
        const member = this.#membership.get(server);
        const { serverInfo } = member.session;
        const exposed = expose(kind, definitions, member.exposure, { server, serverInfo });
        return exposed.filter(([key]) => this.#membership.keptFor(member, kind, key) === undefined);
      },
    };
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

  /** Closes a session after the calls to it that are still in interceptors. */
  async #closeAfterCalls(session: Session): Promise<void> {
    if (this.#interception !== undefined) await this.#interception.drain(session);
    await session.close();
  }

  #memberOf(server: string | Session): Member {
    if (typeof server !== 'object' || server === null) return this.#membership.get(server);
    for (const member of this.#membership.members) if (member.session === server) return member;
    if (typeof server.name !== 'string') checkValue('server', string, server);
    throw foreignSession(server.name);
  }

  #sessionOf({ server }: CatalogOrigin): Session {
    this.#expectOpen();
    return this.#membership.get(server).session;
  }

  #findResource(
    uri: string,
    server: string | undefined,
    accepts?: (origin: CatalogOrigin) => boolean,
  ): CatalogOrigin {
    this.#expectOpen();
    if (server !== undefined) this.#membership.get(server);
    return this.#resources.find(uri, server, accepts);
  }

  /** Which server completes arguments of a prompt or template. */
  #completed(ref: CompletionReference, server?: string, accepts: AcceptOrigin = () => true): CatalogOrigin {
    if (ref.type === 'ref/prompt') return this.#findPrompt(ref.name);
    const [template, ...others] = this.#index.resourceTemplates
      .find(ref.uri)
      .filter((entry) => server === undefined || entry.server === server)
      .filter((entry) => accepts(entry, 'resourceTemplates'));
    if (template !== undefined && others.length === 0) return template;
    return this.#findResource(ref.uri, server, (origin) => accepts(origin, 'resources'));
  }

  #findPrompt(name: string): PromptEntry {
    return this.#index.prompts.get(name) ?? this.#unknown('prompt', name);
  }

  #unknown(noun: 'tool' | 'prompt', name: string): never {
    this.#expectOpen();
    const kind = noun === 'tool' ? 'tools' : 'prompts';
    for (const { drifted, name: server } of this.#membership.members) {
      const drift = drifted.get(`${kind} ${name}`);
      if (drift !== undefined) throw definitionDrifted(server, drift);
    }
    const unready = unreadyServers(this.#membership.members, [kind], name);
    throw unknownEntry(noun, name, this.#index[kind].keys(), unready);
  }

  #expectOpen(): void {
    if (this.#closing === undefined && this.#destroying === undefined) return;
    throw closed('group');
  }
}

/** Whether there is no failure to mend: an idle server is one that is not used. */
function isWell({ state }: SessionStatus): boolean {
  return state === 'ready' || state === 'idle';
}

/** Returns the options of a call after checking them. Throws `INVALID_ARGUMENTS`. */
function checked<T extends object>(options: T, check: CallCheck, doing: string): T {
  const fault = check(options);
  if (fault !== undefined) throw invalidCall(doing, fault);
  return ownOptions(options);
}
