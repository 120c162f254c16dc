import type { Readable, Writable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { ClientCapabilities, Implementation, Server } from '@modelcontextprotocol/server';
import { fileTokenStore } from '../auth/store/file-token-store.ts';
import { memoryTokenStore, type TokenStore } from '../auth/store/token-store.ts';
import {
  gatewayConstructed,
  signInAbandoned,
  gatewayClosed,
  gatewayListens,
  gatewayNeedsHosts,
  gatewayOfGroup,
} from '../errors/gateway.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import { unknownName } from '../errors/catalog.ts';
import type { Catalog, CatalogKind, CatalogOrigin } from '../group/catalog/catalog.ts';
import type { Isolation } from '../group/server-options.ts';
import type { SessionGroup } from '../group/session-group.ts';
import { createDeferred } from '../internal/deferred.ts';
import { EventHub, type OverflowEvent } from '../internal/event-hub.ts';
import { settledWithin } from '../internal/limit.ts';
import { snapshotMap } from '../internal/snapshot-map.ts';
import { printable } from '../internal/text.ts';
import { checkOptions, checkParameter, withDefaults } from '../options/check-options.ts';
import { defaultsOf, string, text } from '../options/kinds.ts';
import {
  givenServer,
  gatewayDrainOptions,
  gatewayStdioOptions,
  listenOptions,
  knownIdentity,
  webRequest,
} from '../options/tables/gateway.ts';
import type { ManagerEvent } from '../manager/manager-events.ts';
import type { ProtocolEra } from '../session/session.ts';
import { allowedOf, ClientViews } from './catalog/client-views.ts';
import type { ClientListener } from './clients/client-server.ts';
import type { Exchange, GatewayClient } from './clients/gateway-client.ts';
import { isAudited, type CallOutcome } from './audit/audit-entry.ts';
import { AuditLog } from './audit/audit-log.ts';
import { Authenticator } from './identity/authenticator.ts';
import { Cluster } from './cluster/cluster.ts';
import type { ClusterNode } from './cluster/node-registry.ts';
import { Forwarding, type ForwardingHost } from './cluster/forwarding.ts';
import type { IncomingCall } from './cluster/node-calls.ts';
import { SharedLists } from './cluster/shared-lists.ts';
import { endOfListening } from './clients/listen-streams.ts';
import { LOCAL_IDENTITY, type Identity } from './identity/identity.ts';
import { ClientNotices, type ConnectedClient } from './clients/client-notices.ts';
import { ServerFactory } from './clients/server-factory.ts';
import { OutwardClient } from './clients/outward-client.ts';
import type { GatewayEvent } from './gateway-events.ts';
import {
  checkAddress,
  resolveGatewayOptions,
  resolveGatewaySettings,
  splitServer,
  type GatewayOptions,
  type GatewayServer,
  type GatewaySettings,
  type GatewaySignIn,
  type ResolvedGatewayOptions,
} from './gateway-options.ts';
import { HttpEndpoint } from './http/http-endpoint.ts';
import { LegacySessions } from './http/legacy-sessions.ts';
import { ModernExchanges } from './http/modern-exchanges.ts';
import { NodeListener } from './http/node-listener.ts';
import { RequestGuard } from './http/request-guard.ts';
import { BusyAnswers } from './http/responses.ts';
import { loadOfficialServer, type OfficialServer } from './official-server.ts';
import { ClientPolicies } from './policy/client-policy.ts';
import { unmatchedRules } from './policy/unmatched-rules.ts';
import type { ClientRequest } from './routing/client-request.ts';
import { Router, setLevel } from './routing/router.ts';
import { Denied } from './routing/denied.ts';
import { auditRefuses } from './routing/rpc-error.ts';
import { StdioEndpoint } from './stdio/stdio-endpoint.ts';
import { PersonalLists } from './sign-in/personal-lists.ts';
import { SignIns } from './sign-in/sign-ins.ts';
import { NOTHING_FORWARDED, type ForwardedByServer } from './upstreams/forwarded-headers.ts';
import { OwnServers } from './upstreams/own-servers.ts';
import { ServerRequests } from './upstreams/server-requests.ts';
import type { Upstream } from './upstreams/upstream.ts';
import { Upstreams } from './upstreams/upstreams.ts';

/** What is known of one client of a gateway. */
export interface GatewayClientStatus {
  readonly identity: Identity;
  readonly era: ProtocolEra;
  /** The name and version that the client gave. */
  readonly info: Implementation | undefined;
  readonly capabilities: ClientCapabilities;
  /** Since when, in epoch milliseconds. */
  readonly since: number;
  /** How many tool calls it has made. */
  readonly calls: number;
}

export interface ListenOptions {
  /**
   * The port, or 0 for any that is free.
   * @default 8931
   */
  port?: number;
  /**
   * The address to listen on. Other than loopback addresses need the option `auth`.
   * @default '127.0.0.1'
   */
  host?: string;
  /**
   * The path of the endpoint.
   * @default '/mcp'
   */
  path?: string;
}

/** How long answers that are made may take to be sent when the gateway closes, in milliseconds. */
const FLUSH_MS = 1_000;

/**
 * A group of servers, served as one MCP server: over HTTP with `listen` or `fetch`, and over standard input and output.
 * Clients of both eras are served, and told apart.
 */
export class Gateway implements AsyncDisposable {
  readonly #sdk: OfficialServer;
  #options: ResolvedGatewayOptions;
  readonly #group: SessionGroup;
  readonly #own: OwnServers | undefined;
  readonly #upstreams: Upstreams;
  readonly #views: ClientViews;
  readonly #policies: ClientPolicies;
  readonly #notices: ClientNotices;
  readonly #personal: PersonalLists;
  readonly #servers: ServerFactory;
  readonly #router: Router;
  readonly #guard: RequestGuard;
  readonly #legacy: LegacySessions;
  readonly #modern: ModernExchanges;
  readonly #endpoint: HttpEndpoint;
  readonly #busy = new BusyAnswers();
  readonly #hub: EventHub<GatewayEvent>;
  readonly #auth: Authenticator | undefined;
  readonly #audit: AuditLog | undefined;
  readonly #signIns: SignIns;
  readonly #cluster: Cluster | undefined;
  readonly #sharedLists: SharedLists | undefined;
  /** Undefined without a cluster, and when the servers are a group's, of which nothing is known. */
  readonly #forwarding: Forwarding | undefined;
  #url: string | undefined;
  readonly #connected = new Map<string, ConnectedClient>();
  readonly #working = new Set<Promise<unknown>>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #closed = createDeferred<unknown>();
  #listening: Promise<NodeListener> | undefined;
  #stdio: StdioEndpoint | undefined;
  #closing: Promise<void> | undefined;

  private constructor(
    sdk: OfficialServer,
    options: ResolvedGatewayOptions,
    group: SessionGroup,
    own: OwnServers | undefined,
    auth: Authenticator | undefined,
    audit: AuditLog | undefined,
    hub: EventHub<GatewayEvent>,
    signIns: SignIns,
    cluster: Cluster | undefined,
  ) {
    if (!(hub instanceof EventHub)) throw gatewayConstructed();
    this.#cluster = cluster;
    this.#sharedLists = cluster && new SharedLists(cluster, group);
    this.#signIns = signIns;
    this.#audit = audit;
    this.#auth = auth;
    this.#hub = hub;
    this.#sdk = sdk;
    this.#options = options;
    this.#group = group;
    this.#own = own;
    const { limits, sessions } = options;
    const isolationOf = (server: string): Isolation =>
      own === undefined ? 'shared' : own.isolationOf(server);
    this.#upstreams = new Upstreams({ group, manager: own?.manager, isolationOf }, limits, {
      onOpened: (upstream) => this.#onUpstreamOpened(upstream),
      onClosed: ({ key, server }) => this.#views.unfollow(key, server),
    });
    own?.requests.serve(this.#upstreams);
    const { tokens } = signIns;
    this.#views = new ClientViews(
      group,
      (key, changes) => this.#notices.onOwnLists(key, changes, this.#modern),
      {
        isListedForUser: (server) => tokens.isListedForUser(server),
        hiddenFrom: (principal) => this.#personal.hiddenFrom(principal),
      },
    );
    this.#personal = new PersonalLists({ group, tokens, views: this.#views, upstreams: this.#upstreams });
    this.#policies = new ClientPolicies(options.clients);
    this.#notices = new ClientNotices(group, this.#views, this.#policies, this.#connected);
    this.#router = new Router(group, this.#views, this.#policies, this.#upstreams, limits, {
      isFor: (server) => signIns.tokens.has(server),
      unlisted: (client) => this.#personal.unlistedFor(client),
      isSignedIn: async ({ client }, server) =>
        (await signIns.tokens.of(server, client.identity.principal).status()).signedIn,
      need: (exchange, server) =>
        signIns.tokens.has(server)
          ? signIns.need(exchange.client.identity, server, this.#baseFor(exchange))
          : Promise.resolve(undefined),
      open: (id, principal) => signIns.open(id, principal),
    });
    this.#servers = new ServerFactory({
      sdk,
      group,
      views: this.#views,
      policies: this.#policies,
      listener: this.#clientListener,
      about: () => this.#options,
      unlisted: () => this.#personal.unlisted(),
    });
    this.#guard = new RequestGuard(sdk, options);
    const forwardedOf = (request: Request): ForwardedByServer =>
      own?.forwarded.of(request) ?? NOTHING_FORWARDED;
    const host = {
      forwardedOf,
      createServer: (client: GatewayClient) => this.#servers.forClient(client.identity, () => client),
      onConnected: (client: GatewayClient, server: Server) => this.#onConnected(client, server),
      onGone: (client: GatewayClient) => this.#onGone(client),
      onRootsChanged: (client: GatewayClient) => this.#onRootsChanged(client),
      onIdentity: (client: GatewayClient, identity: Identity) =>
        this.#notices.onIdentity(client, identity, this.#router),
    };
    this.#legacy = new LegacySessions(sdk, sessions, this.#busy, host);
    this.#modern = new ModernExchanges(sdk, limits, this.#busy, {
      createServer: (client, body) => this.#servers.forRequest(client, body),
      forwardedOf,
      subscribe: (client, uri, identity) => this.#subscribe(client, uri, identity),
      unsubscribe: (client, uri) => this.#unsubscribe(client, uri),
      serverInfo: options.serverInfo,
    });
    this.#endpoint = new HttpEndpoint({
      sdk,
      guard: this.#guard,
      legacy: this.#legacy,
      modern: this.#modern,
      auth,
      limits,
      signIns,
    });
    this.#relayGroup();
    const { leaseMs = 0 } = options.cluster ?? {};
    this.#forwarding = cluster && own && new Forwarding(cluster, leaseMs, this.#forwardingHost(own));
    cluster?.serve({
      onTold: (body, from) => {
        this.#sharedLists?.onTold(body);
        this.#forwarding?.onTold(body, from);
      },
      onMissed: () => this.#sharedLists?.onMissed(),
      onNodes: (alive) => this.#forwarding?.onNodes(alive),
      answer: (call) => this.#answerNode(call),
    });
  }

  /** As {@link createGateway}. */
  static async create(options: GatewayOptions): Promise<Gateway> {
    const resolved = resolveGatewayOptions(options);
    const sdk = await loadOfficialServer();
    const hub = new EventHub<GatewayEvent>();
    const onProblem = (error: PlenumError): void => hub.publish({ type: 'problem', error });
    const audit = options.audit && (await AuditLog.open(options.audit, onProblem));
    let auth: Authenticator | undefined;
    let cluster: Cluster | undefined;
    const abandon = async (): Promise<void> => {
      auth?.close();
      await audit?.close();
      await cluster?.close();
    };
    try {
      if (resolved.auth !== undefined) auth = await Authenticator.open(sdk, resolved.auth, onProblem);
      if (resolved.cluster !== undefined)
        cluster = await Cluster.join(resolved.cluster, onProblem, options.signal);
    } catch (error) {
      await abandon();
      throw error;
    }
    const { signIn } = resolved;
    let onSignedIn = (_principal: string, _listable: readonly string[]): void => {};
    const signIns = new SignIns({
      ...signIn,
      store: signIn.store ?? storeOf(signIn),
      isLocal: resolved.auth === undefined,
      onSignedIn: (principal, listable) => onSignedIn(principal, listable),
    });
    if (options.group !== undefined)
      return new Gateway(sdk, resolved, options.group, undefined, auth, audit, hub, signIns, cluster);
    const servers = new Map(
      Object.entries(options.servers ?? {}).map(([name, server]) => [name, splitServer(name, server)]),
    );
    let onManagerEvent = (_event: ManagerEvent): void => {};
    const parts = {
      requests: new ServerRequests(sdk),
      tokens: signIns.tokens,
      limits: resolved.limits,
      onEvent: (event: ManagerEvent) => onManagerEvent(event),
    };
    const own = new OwnServers(servers, parts, options);
    try {
      const group = await own.connect(servers, options);
      const gateway = new Gateway(sdk, resolved, group, own, auth, audit, hub, signIns, cluster);
      onManagerEvent = (event) => gateway.#onManagerEvent(event);
      onSignedIn = (principal, listable) => {
        if (gateway.#personal.onSignedIn(principal, listable))
          gateway.#notices.onPersonalLists(principal, gateway.#modern);
      };
      return gateway;
    } catch (error) {
      await abandon();
      await own.manager.destroy(error);
      throw error;
    }
  }

  /** The group whose servers are served. */
  get group(): SessionGroup {
    return this.#group;
  }

  /** The status of each server, by name. A snapshot. */
  get servers(): SessionGroup['servers'] {
    return this.#group.servers;
  }

  /**
   * Adds one more server, and tells clients what it offers. Rejects as `SessionGroup.add` does, and with `CONFIG_INVALID`
   * when the gateway was made of a group.
   */
  async add(name: string, server: GatewayServer): Promise<void> {
    this.#expectOpen('Adding a server');
    checkParameter('Adding a server', 'name', text, name);
    checkParameter('Adding a server', 'server', givenServer, server);
    await this.#ownServers().add(this.#group, name, server);
  }

  /**
   * Removes a server, and closes its sessions after the calls in progress. Rejects with `UNKNOWN_SERVER`, and with
   * `CONFIG_INVALID` when the gateway was made of a group.
   */
  async remove(name: string): Promise<void> {
    const own = this.#ownServers();
    await this.#group.remove(name);
    this.#sharedLists?.onRemoved(name);
    await own.remove(name);
  }

  /**
   * Replaces the settings that can change while the gateway runs: what is not given gets its default. Nobody loses a session
   * or a call by it: bounds and rules hold for what comes next. When `clients` changes, streams that listen (2026-07-28) end,
   * and subscriptions to what may not be seen any more. Throws `CONFIG_INVALID`, and `SESSION_CLOSED` when the gateway is
   * closed; then nothing has changed.
   */
  configure(settings: GatewaySettings): void {
    this.#expectOpen('Changing the settings');
    const resolved = resolveGatewaySettings(settings);
    const isSameForClients = isDeepStrictEqual(resolved.clients, this.#options.clients);
    if (!isSameForClients)
      this.#notices.changePolicies(
        () => this.#policies.configure(resolved.clients),
        [...this.#legacy.clients, ...(this.#stdio?.clients ?? [])],
        this.#router,
        this.#modern,
      );
    const { sessions, limits } = this.#options;
    Object.assign(sessions, resolved.sessions);
    Object.assign(limits, resolved.limits);
    this.#options = { ...this.#options, ...resolved, sessions, limits };
    this.#guard.allow(resolved);
    this.#legacy.onBoundsChanged();
    this.#upstreams.onBoundsChanged();
    this.#own?.resizePool();
    if (!isSameForClients) for (const error of this.problems) this.#hub.publish({ type: 'problem', error });
    // One that does not listen yet begins with these bounds, or says why it cannot.
    this.#listening?.then((listener) => listener.bound(limits)).catch(() => {});
  }

  /** The clients that have a session, by its id. A snapshot. */
  get clients(): ReadonlyMap<string, GatewayClientStatus> {
    return snapshotMap(
      [...this.#connected.values()].map(({ client }) => {
        const { identity, era, info, capabilities, since, calls } = client;
        return [client.id, Object.freeze({ identity, era, info, capabilities, since, calls })];
      }),
    );
  }

  /**
   * Listens for HTTP requests. Resolves with the URL of the endpoint. Rejects with `CONFIG_INVALID` for an address that
   * other machines reach without `auth`, for one that the system does not give, or when the gateway listens already.
   */
  async listen(options: ListenOptions = {}): Promise<{ url: string }> {
    this.#expectOpen('Listening');
    checkOptions(listenOptions, options, 'Options of listen()');
    const { port, host: given, path } = withDefaults(defaultsOf(listenOptions), options);
    // As it stands in URLs, an IPv6 address is in brackets.
    const host = given.replace(/^\[(.*)\]$/, '$1');
    checkAddress(host, this.#options.auth);
    this.#auth?.checkHost(host);
    if (this.#listening !== undefined) throw gatewayListens();
    const { limits, tls, trustProxy } = this.#options;
    const answer = (request: Request): Promise<Response> => this.#endpoint.answer(request);
    const listening = NodeListener.start({ host, port, path }, answer, { ...limits, tls, trustProxy });
    this.#listening = listening;
    const { url } = await listening.catch((error: unknown) => {
      this.#listening = undefined;
      throw error;
    });
    // It may have been closed meanwhile, and with it this listener.
    this.#expectOpen('Listening');
    this.#guard.allowHost(host);
    this.#auth?.listensAt(url);
    this.#url = url;
    return { url };
  }

  /**
   * Answers one HTTP request, for frameworks of web standards. Rejects with `CONFIG_INVALID` without the option `hosts`:
   * whoever calls this must say which host names are its own; and with `auth.oauth`, without `auth.oauth.resource`, unless
   * the gateway listens, too.
   */
  fetch = async (request: Request): Promise<Response> => {
    if (this.#options.hosts === undefined) throw gatewayNeedsHosts();
    checkParameter('fetch()', 'request', webRequest, request);
    this.#auth?.expectResource();
    return this.#endpoint.answer(request);
  };

  /** Serves one client over standard input and output. Resolves when the client has closed its end. */
  async serveStdio(options: { input?: Readable; output?: Writable } = {}): Promise<void> {
    checkOptions(gatewayStdioOptions, options, 'Options of serveStdio()');
    const { input = process.stdin, output = process.stdout } = options;
    this.#expectOpen('Serving over stdio');
    if (this.#stdio !== undefined) throw gatewayListens();
    const endpoint = new StdioEndpoint();
    this.#stdio = endpoint;
    await endpoint.start(
      {
        bounds: this.#options.limits,
        createServer: (clientOf) => this.#servers.forClient(LOCAL_IDENTITY, clientOf),
        subscribe: (client, uri, identity) => this.#subscribe(client, uri, identity),
        unsubscribe: (client, uri) => this.#unsubscribe(client, uri),
        endOfListening: (id) => endOfListening(this.#sdk, id, this.#options.serverInfo),
        onConnected: (client, server) => this.#onConnected(client, server),
        onGone: (client) => this.#onGone(client),
        onRootsChanged: (client) => this.#onRootsChanged(client),
      },
      input,
      output,
    );
    await endpoint.closed;
  }

  /** What the rules for clients name and no server has: probably mistakes. */
  get problems(): readonly PlenumError[] {
    const { servers, catalog } = this.#group;
    const isComplete = [...servers.values()].every(
      ({ state }) => state !== 'failed' && state !== 'connecting',
    );
    const names = [...servers.keys()];
    return unmatchedRules(this.#options.clients, { servers: names, catalog, isComplete });
  }

  /** What clients of this identity are shown of what the servers list to everybody. A snapshot. */
  catalogFor(identity: Identity): Catalog {
    checkParameter('catalogFor()', 'identity', knownIdentity, identity);
    const { version, tools, prompts, resources, resourceTemplates } = this.#group.catalog;
    const policy = this.#policies.of(identity);
    const hidden = new Set(this.#personal.hiddenFrom(identity.principal));
    const shown = <E extends CatalogOrigin>(
      kind: CatalogKind,
      entries: ReadonlyMap<string, E>,
    ): ReadonlyMap<string, E> =>
      snapshotMap([...allowedOf(policy, kind, entries)].filter(([, { server }]) => !hidden.has(server)));
    return Object.freeze({
      version,
      tools: shown('tools', tools),
      prompts: shown('prompts', prompts),
      resources: shown('resources', resources),
      resourceTemplates: shown('resourceTemplates', resourceTemplates),
    });
  }

  /** One client, for a program that is itself the server. Throws `UNKNOWN_SERVER` when there is none of this id. */
  client(id: string): OutwardClient {
    checkParameter('client()', 'id', string, id);
    const known = this.#connected.get(id);
    if (known === undefined) throw unknownName('server', id, []);
    return new OutwardClient(known.client, known.server);
  }

  /**
   * Begins to sign a principal in to a server with `upstreamAuth: 'user'`, as a call does that needs it. Resolves with the URL
   * that its user is to open, and with whether they have signed in when that is over. Rejects with `UNKNOWN_SERVER` when users
   * do not sign in to it, and with `AUTH_REQUIRED` when no page can be made, as too many sign-ins are open.
   */
  async signIn(principal: string, server: string): Promise<{ url: string; done: Promise<boolean> }> {
    this.#expectOpen('Signing in');
    checkParameter('Signing in', 'principal', text, principal);
    checkParameter('Signing in', 'server', text, server);
    if (!this.#signIns.tokens.has(server)) throw unknownName('server', server, []);
    const needed = await this.#signIns.need({ principal }, server, this.#baseFor());
    if (needed === undefined) throw signInAbandoned(server);
    return { url: needed.url, done: needed.done };
  }

  /**
   * Forgets the tokens of a principal for servers with `upstreamAuth: 'user'`: those of one issuer, or all. Its sessions with
   * these servers end, and calls on them. The tokens are not revoked.
   */
  async signOut(principal: string, issuer?: string): Promise<void> {
    checkParameter('Signing out', 'principal', text, principal);
    if (issuer !== undefined) checkParameter('Signing out', 'issuer', text, issuer);
    const left = await this.#signIns.tokens.signOut(principal, issuer);
    await Promise.all(left.map((server) => this.#upstreams.endOf(principal, server)));
  }

  /**
   * The nodes of the cluster that are alive, this one among them, as it heard of them lately; none without the option `cluster`,
   * and while another node has the id of this one.
   */
  nodes(): readonly ClusterNode[] {
    return this.#cluster?.nodes ?? [];
  }

  /** The events from now on, of the group and of the clients; it ends when the gateway is closed. */
  events(): AsyncIterableIterator<GatewayEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  /** Takes no further session, and waits for the calls in progress, for `timeoutMs` milliseconds at most. */
  async drain(options: { timeoutMs?: number } = {}): Promise<void> {
    checkOptions(gatewayDrainOptions, options, 'Options of drain()');
    const { timeoutMs = gatewayDrainOptions.timeoutMs.default } = options;
    this.#endpoint.isDraining = true;
    this.#legacy.drain();
    void this.#cluster?.drain();
    await settledWithin(Promise.allSettled(this.#working), timeoutMs);
    await this.#cluster?.handOver();
    // The official server sends a result in the same turn in which it gets it.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Drains, then ends everything. Idempotent; never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.drain().then(() => this.#end(undefined, FLUSH_MS));
    return this.#closing;
  }

  /** Ends everything at once. Idempotent; never rejects. */
  destroy(reason?: unknown): Promise<void> {
    this.#closing ??= this.#end(reason, 0);
    return this.#closing;
  }

  /** Resolves when the gateway is closed and has released all its resources, with the reason given to `destroy()`. */
  get closed(): Promise<unknown> {
    return this.#closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #end(reason: unknown, flushMs: number): Promise<void> {
    this.#endpoint.isClosed = true;
    this.#auth?.close();
    this.#signIns.close();
    this.#router.close();
    this.#upstreams.stop();
    this.#sharedLists?.stop();
    this.#forwarding?.stop();
    await Promise.allSettled([
      this.#listening?.then((listener) => listener.close(flushMs)),
      this.#stdio?.close(),
      this.#legacy.close(),
      this.#modern.close(),
    ]);
    if (this.#own !== undefined) {
      const { manager } = this.#own;
      await Promise.allSettled([this.#group.destroy(reason), manager.destroy(reason), ...this.#leaving]);
    }
    await this.#cluster?.close();
    await this.#audit?.close();
    this.#hub.end();
    this.#closed.resolve(reason);
  }

  #ownServers(): OwnServers {
    if (this.#own === undefined) throw gatewayOfGroup();
    return this.#own;
  }

  /** The URL of the endpoint as a browser reaches it; undefined when the gateway serves nothing over HTTP. */
  #baseFor(exchange?: Exchange): string | undefined {
    const { origin, pathname } = new URL(
      this.#options.signIn.url ?? exchange?.http?.url ?? this.#url ?? 'none:',
    );
    return origin === 'null' ? undefined : `${origin}${pathname.replace(/\/$/, '')}`;
  }

  #expectOpen(doing: string): void {
    if (this.#closing !== undefined) throw gatewayClosed(doing);
  }

  readonly #clientListener: ClientListener = {
    onRequest: (exchange, given) => {
      const request = this.#router.meant(exchange, given);
      return this.#audit !== undefined && isAudited(request)
        ? this.#workNoted(this.#audit, exchange, request)
        : this.#work(exchange, request);
    },
  };

  #onRootsChanged(client: GatewayClient): void {
    for (const { session } of this.#upstreams.ownedBy(client))
      void session.sendRootsListChanged().catch(() => {});
  }

  /** As `#work`, for a call that is noted in the audit log. */
  async #workNoted(
    audit: AuditLog,
    exchange: Exchange,
    request: ClientRequest,
  ): Promise<Record<string, unknown>> {
    const startedAt = performance.now();
    // Afterwards its server may be another's, or gone.
    const server = this.#router.serverOf(exchange, request);
    const note = (came: CallOutcome): void =>
      audit.note(exchange.identity, request, server, came, performance.now() - startedAt);
    try {
      if (audit.refuses) throw auditRefuses();
      const result = await this.#work(exchange, request);
      note({ result });
      return result;
    } catch (error) {
      note({ error });
      throw error;
    }
  }

  async #work(exchange: Exchange, request: ClientRequest): Promise<Record<string, unknown>> {
    const startedAt = performance.now();
    const { client } = exchange;
    const policy = this.#policies.of(exchange.identity);
    const hidden = request.method.endsWith('/list')
      ? this.#personal.hiddenYet(client).filter((server) => policy.allowsServer(server))
      : [];
    const work =
      hidden.length === 0
        ? this.#answerer.answer(exchange, request)
        : this.#personal.show(client, hidden).then(() => this.#answerer.answer(exchange, request));
    this.#working.add(work);
    let ok = false;
    try {
      const result = await work;
      ok = result['isError'] !== true;
      return result;
    } catch (error) {
      if (exchange.http !== undefined) this.#busy.note(exchange.http, error);
      if (error instanceof Denied) this.#tellDenied(exchange, request, error);
      throw error;
    } finally {
      this.#working.delete(work);
      const { name } = request.params;
      if (request.method === 'tools/call' && typeof name === 'string') {
        const { principal } = exchange.identity;
        this.#hub.publish({ type: 'call', principal, tool: name, ms: performance.now() - startedAt, ok });
      }
    }
  }

  /** What answers requests: in a cluster some on other nodes. */
  get #answerer(): Pick<Router, 'answer' | 'subscribe' | 'unsubscribe'> {
    return this.#forwarding ?? this.#router;
  }

  #subscribe(client: GatewayClient, uri: string, identity: Identity): Promise<void> {
    return this.#answerer.subscribe(client, uri, identity);
  }

  #unsubscribe(client: GatewayClient, uri: string): Promise<void> {
    return this.#answerer.unsubscribe(client, uri);
  }

  /** What other nodes hand on is answered here whatever the leases say by now: they were looked at when it was accepted. */
  #forwardingHost(own: OwnServers): ForwardingHost {
    return {
      sdk: this.#sdk,
      bounds: this.#options.limits,
      isolationOf: (server) => own.isolationOf(server),
      answer: (exchange, request) => this.#router.answer(exchange, request),
      serverOf: (sender, request) => this.#router.placeOf(sender, request),
      keepsState: (server) => !own.isRemote(server) || this.#group.session(server).era === 'legacy',
      mayRepeat: ({ method, params }) => {
        const tool = method === 'tools/call' ? this.#group.tools.get(String(params['name'])) : undefined;
        return tool?.annotations?.readOnlyHint === true || tool?.annotations?.idempotentHint === true;
      },
      subscribe: (client, uri, identity) => this.#router.subscribe(client, uri, identity),
      unsubscribe: (client, uri) => this.#router.unsubscribe(client, uri),
      dismiss: (client) => this.#onGone(client),
      isKept: (server, key) => this.#upstreams.isKept(server, key),
      endSessions: (server, key) => void this.#upstreams.endAt(server, key).catch(() => {}), // It has ended.
    };
  }

  /** Works on what another node hands on; draining waits for it. */
  async #answerNode(call: IncomingCall): Promise<Record<string, unknown>> {
    const work = this.#forwarding?.onCall(call);
    if (work === undefined) throw gatewayOfGroup();
    this.#working.add(work);
    try {
      return await work;
    } finally {
      this.#working.delete(work);
    }
  }

  #tellDenied(
    { identity: { principal } }: Exchange,
    { method, params }: ClientRequest,
    { reason, server }: Denied,
  ): void {
    const named: unknown = params['name'] ?? params['uri'];
    const name = printable(typeof named === 'string' ? named : '');
    this.#hub.publish({ type: 'denied', principal, reason, method, server, name });
  }

  #onConnected(client: GatewayClient, server: Server): void {
    this.#connected.set(client.id, { client, server });
    this.#hub.publish({ type: 'client-connected', client: client.id, principal: client.identity.principal });
  }

  #onGone(client: GatewayClient): void {
    this.#forwarding?.onGone(client);
    const leaving = this.#upstreams.dismiss(client);
    this.#leaving.add(leaving);
    void leaving.finally(() => this.#leaving.delete(leaving));
    if (!this.#connected.delete(client.id)) return;
    this.#hub.publish({ type: 'client-gone', client: client.id, principal: client.identity.principal });
  }

  #onUpstreamOpened({ key, server, session, owner }: Upstream): void {
    this.#views.follow(key, server, session);
    if (owner?.logLevel !== undefined) void setLevel(session, owner.logLevel).catch(() => {});
  }

  /** Tells clients of changes of the catalog, and hands on the group's events. */
  #relayGroup(): void {
    const events = this.#group.events();
    const relay = async (): Promise<void> => {
      for await (const event of events) {
        if (event.type === 'overflow') this.#notices.onAnyChange(this.#modern);
        else {
          this.#hub.publish(event);
          if (event.type === 'catalog') {
            this.#sharedLists?.onChanged(event.server);
            this.#notices.onCatalog(event, this.#modern);
          }
        }
      }
    };
    relay().catch(() => {}); // After an error there are no more events.
    void this.#closed.promise.then(() => events.return?.());
  }

  /** Tells of what a session for clients found. Those over which servers are listed are the group's, which tells it itself. */
  #onManagerEvent(event: ManagerEvent): void {
    if (event.type !== 'drift' || event.principal === undefined) return;
    const { principal: _, ...drift } = event;
    this.#hub.publish(drift);
  }
}

function storeOf({ file, key }: GatewaySignIn): TokenStore {
  if (file === undefined) return memoryTokenStore();
  return fileTokenStore(file, { ...(key !== undefined && { key }) });
}

/**
 * Opens the servers and makes a gateway of them. Resolves when each server is ready, has failed its first attempt or has
 * used up its time to connect; one that fails costs the others nothing.
 *
 * Rejects with `CONFIG_INVALID` or `ABORTED`.
 */
export function createGateway(options: GatewayOptions): Promise<Gateway> {
  return Gateway.create(options);
}
