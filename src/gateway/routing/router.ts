import type { LoggingLevel } from '@modelcontextprotocol/server';
import { signInOfListing } from '../../errors/gateway.ts';
import { groupRoutes } from '../../group/group-routes.ts';
import type { CatalogKind, CatalogOrigin } from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { isRecord } from '../../internal/checks.ts';
import { isDeeperThan } from '../../internal/json/depth.ts';
import { isSameData } from '../../internal/json/same-data.ts';
import { isLogLevel } from '../../internal/log-levels.ts';
import type { CompletionReference, Session } from '../../session/session.ts';
import type { ClientViews } from '../catalog/client-views.ts';
import { SearchViews } from '../catalog/search-views.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClientPolicies, ClientPolicy } from '../policy/client-policy.ts';
import type { RateLimits } from '../policy/rate-limits.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import { Approval } from './approval.ts';
import { CallsWithSignIn, type SignInGate } from './calls-with-sign-in.ts';
import { textOf, type ClientRequest, type Params, type Result } from './client-request.ts';
import { Denied, notAllowed } from './denied.ts';
import { pageOf } from './list-page.ts';
import {
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  MOST_LEVELS,
  RpcError,
  tooDeep,
  tooManySubscriptions,
  toRpcError,
} from './rpc-error.ts';
import { isSignInNeeded, isSignInTool, SIGN_IN_NAME, signInError, signInTool } from './sign-in-request.ts';
import { UpstreamCalls } from './upstream-calls.ts';

/** Who makes a request. */
type Sender = Pick<Exchange, 'client' | 'identity'>;

export interface RouterBounds {
  readonly pageSize: number;
  readonly parkedCalls: number;
  readonly parkedMs: number;
  readonly subscriptions: number;
}

/** The longest URI that is kept for a client, in characters. */
const MAX_URI = 8_192;

const LISTS = {
  'tools/list': 'tools',
  'prompts/list': 'prompts',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
} as const;

/** Answers the requests of clients: from the catalog, or by the server that has what they name. */
export class Router {
  readonly #group: SessionGroup;
  readonly #upstreams: Upstreams;
  readonly #bounds: RouterBounds;
  readonly #views: ClientViews;
  readonly #policies: ClientPolicies;
  readonly #search: SearchViews;
  readonly #calls: UpstreamCalls;
  readonly #signIns: SignInGate;
  readonly #withSignIn: CallsWithSignIn;

  constructor(
    group: SessionGroup,
    views: ClientViews,
    policies: ClientPolicies,
    upstreams: Upstreams,
    bounds: RouterBounds,
    signIns: SignInGate,
  ) {
    this.#signIns = signIns;
    this.#group = group;
    this.#upstreams = upstreams;
    this.#bounds = bounds;
    this.#views = views;
    this.#policies = policies;
    this.#search = new SearchViews(group, views);
    this.#calls = new UpstreamCalls(group, views, upstreams, bounds);
    this.#withSignIn = new CallsWithSignIn(signIns, this.#calls, bounds);
  }

  /** How many calls wait for their clients. */
  get parkedCalls(): number {
    return this.#calls.parked;
  }

  /** Rejects with an `RpcError`. */
  async answer(exchange: Exchange, request: ClientRequest): Promise<Result> {
    try {
      const result = await this.#route(exchange, request);
      // Lists are checked where they are read.
      if (!request.method.endsWith('/list') && isDeeperThan(MOST_LEVELS, result)) throw tooDeep();
      return result;
    } catch (error) {
      const answer = toRpcError((await this.#signInFor(exchange, error)) ?? error);
      throw isDeeperThan(MOST_LEVELS, answer.data) ? new RpcError(answer.code, answer.message) : answer;
    }
  }

  /** The request that is meant: what a client calls by name through a search is a call of that tool. */
  meant(exchange: Sender, request: ClientRequest): ClientRequest {
    if (request.method !== 'tools/call' || this.#policyOf(exchange).view !== 'search') return request;
    const call = this.#search.meant(request.params);
    return call === undefined ? request : { ...request, params: { ...request.params, ...call } };
  }

  /** The server that has what a request names, whether the client may use it or not; undefined when none has. */
  serverOf(exchange: Sender, { method, params }: ClientRequest): string | undefined {
    try {
      if (method === 'resources/read') return this.#resource(exchange, textOf(params, 'uri')).server;
      return this.#find(exchange, method === 'tools/call' ? 'tools' : 'prompts', params).server;
    } catch (error) {
      return error instanceof Denied ? error.server : undefined;
    }
  }

  /** The server that a request is handed to; undefined when it is handed to none. */
  placeOf(sender: Sender, request: ClientRequest): string | undefined {
    const { method, params } = this.meant(sender, request);
    if (method === 'completion/complete') {
      const ref = isRecord(params['ref']) ? params['ref'] : {};
      const isPrompt = ref['type'] === 'ref/prompt';
      return this.serverOf(sender, { method: isPrompt ? 'prompts/get' : 'resources/read', params: ref });
    }
    const isHandedOn = method === 'tools/call' || method === 'prompts/get' || method === 'resources/read';
    return isHandedOn ? this.serverOf(sender, { method, params }) : undefined;
  }

  /** Cancels the calls that wait for their clients. */
  close(): void {
    this.#calls.close();
  }

  #route(exchange: Exchange, request: ClientRequest): Result | Promise<Result> {
    const { method, params } = request;
    switch (method) {
      case 'tools/list':
      case 'prompts/list':
      case 'resources/list':
      case 'resources/templates/list':
        return this.#list(exchange, LISTS[method], params);
      case 'tools/call':
        exchange.client.calls++;
        if (isSignInTool(params['name'])) {
          const server = this.#unlisted(exchange).find((each) => signInTool(each).name === params['name']);
          if (server !== undefined) return this.#signIn(exchange, request, server);
        }
        if (this.#policyOf(exchange).view === 'search' && this.#search.has(params['name']))
          return this.#search.answer(exchange.client, this.#policyOf(exchange), params);
        return this.#call(exchange, request, this.#find(exchange, 'tools', params), 'name');
      case 'prompts/get':
        return this.#call(exchange, request, this.#find(exchange, 'prompts', params), 'name');
      case 'resources/read':
        return this.#call(exchange, request, this.#resource(exchange, textOf(params, 'uri')), 'uri');
      case 'completion/complete':
        return this.#complete(exchange, params);
      case 'logging/setLevel':
        return this.#setLevel(exchange, params);
      case 'resources/subscribe':
        return this.subscribe(exchange.client, textOf(params, 'uri'), exchange.identity).then(() => ({}));
      case 'resources/unsubscribe':
        return this.unsubscribe(exchange.client, textOf(params, 'uri')).then(() => ({}));
      default:
        throw new RpcError(METHOD_NOT_FOUND, 'Method not found');
    }
  }

  get #routes(): SessionGroup[typeof groupRoutes] {
    return this.#group[groupRoutes];
  }

  #find(exchange: Sender, kind: 'tools' | 'prompts', params: Params): CatalogOrigin {
    return this.#views.find(exchange.client, this.#policyOf(exchange), kind, textOf(params, 'name'));
  }

  #policyOf({ identity }: Pick<Exchange, 'identity'>): ClientPolicy {
    return this.#policies.of(identity);
  }

  /** A resource that no server lists can be asked of the only server that has resources, as far as the client knows. */
  #resource(exchange: Pick<Exchange, 'client' | 'identity'>, uri: string): CatalogOrigin {
    const policy = this.#policyOf(exchange);
    try {
      return this.#views.find(exchange.client, policy, 'resources', uri);
    } catch (error) {
      const having = [...this.#group.servers.keys()].filter(
        (server) =>
          policy.allowsServer(server) && this.#group.session(server).capabilities?.resources !== undefined,
      );
      const [server] = having;
      if (server === undefined || having.length > 1) throw error;
      const origin = { server, upstreamName: uri };
      if (!policy.allows('resources', uri, origin)) throw notAllowed('resources', uri, server);
      return origin;
    }
  }

  /** The servers that can offer a client no more yet than a way to sign in. */
  #unlisted(exchange: Exchange): readonly string[] {
    const unlisted = this.#signIns.unlisted(exchange.client);
    if (unlisted.length === 0) return unlisted;
    const policy = this.#policyOf(exchange);
    return unlisted.filter((server) => {
      const { name, annotations } = signInTool(server);
      const origin = { server, upstreamName: SIGN_IN_NAME, annotations };
      return policy.allows('tools', name, origin);
    });
  }

  #list(exchange: Exchange, kind: CatalogKind, { cursor }: Params): Result {
    const listed = this.#listOf(exchange.client, this.#policyOf(exchange), kind);
    const unlisted = kind === 'tools' ? this.#unlisted(exchange) : [];
    const all = unlisted.length === 0 ? listed : [...listed, ...unlisted.map(signInTool)];
    const { page, nextCursor } = pageOf(all, cursor, this.#bounds.pageSize);
    return { [kind]: page, ...(nextCursor !== undefined && { nextCursor }) };
  }

  #listOf(client: GatewayClient, policy: ClientPolicy, kind: CatalogKind): readonly object[] {
    return kind === 'tools' && policy.view === 'search'
      ? this.#search.list(client, policy)
      : this.#views.list(client, policy, kind);
  }

  /** The error that a client gets whose user has to sign in to a server; undefined for any other error. */
  async #signInFor(exchange: Exchange, error: unknown): Promise<RpcError | undefined> {
    if (!isSignInNeeded(error) || error.server === undefined) return undefined;
    const needed = await this.#signIns.need(exchange, error.server);
    return needed && signInError(needed, exchange.client);
  }

  /** A call that counts, to which the user may have to agree, and before which they may have to sign in to the server. */
  async #call(
    exchange: Exchange,
    request: ClientRequest,
    origin: CatalogOrigin,
    field: 'name' | 'uri',
  ): Promise<Result> {
    const { server } = origin;
    const named = textOf(request.params, field);
    const policy = this.#policyOf(exchange);
    if (policy.rates !== undefined) await this.#count(policy.rates, exchange, request, server);
    const approval =
      request.method === 'tools/call' && policy.needsApproval(named, origin)
        ? new Approval(server, named, request.params['arguments'], () => {
            this.#find(exchange, 'tools', request.params);
          })
        : undefined;
    const target = { origin, field, approval };
    if (!this.#signIns.isFor(server)) return this.#calls.run(exchange, request, target);
    return this.#withSignIn.run(exchange, request, { server, field, approval }, (signedIn) =>
      this.#calls.run(exchange, signedIn, target),
    );
  }

  /** Counts a call. Rejects when it is over a limit. */
  #count(
    rates: RateLimits,
    { identity }: Exchange,
    { method, params }: ClientRequest,
    server: string,
  ): Promise<void> {
    if (method !== 'resources/read') {
      const name = textOf(params, 'name');
      return rates.take(identity.principal, server, name, `${method} ${name}`);
    }
    const uri = textOf(params, 'uri');
    // Clients may make up any number of URIs: those that no server lists count together.
    const isListed = this.#group.catalog.resources.has(uri);
    return rates.take(identity.principal, server, uri, `${method} ${isListed ? uri : `of ${server}`}`);
  }

  /** A server that cannot be listed before somebody has signed in has this tool alone. */
  async #signIn(exchange: Exchange, request: ClientRequest, server: string): Promise<Result> {
    const { rates } = this.#policyOf(exchange);
    if (rates !== undefined) await this.#count(rates, exchange, request, server);
    return this.#withSignIn.run(exchange, request, { server, field: 'name' }, async () => {
      if (!(await this.#signIns.isSignedIn(exchange, server))) throw signInOfListing();
      return { content: [{ type: 'text', text: `You are signed in to the server "${server}".` }] };
    });
  }

  async #complete(exchange: Exchange, params: Params): Promise<Result> {
    const { ref } = params;
    if (!isRecord(ref)) throw new RpcError(INVALID_PARAMS, 'Invalid params: "ref" is missing.');
    const isPrompt = ref['type'] === 'ref/prompt';
    const field = isPrompt ? 'name' : 'uri';
    const named = textOf(ref, field);
    const origin = this.#completed(
      exchange,
      isPrompt ? { type: 'ref/prompt', name: named } : { type: 'ref/resource', uri: named },
    );
    const request = {
      method: 'completion/complete',
      params: { ...params, ref: { ...ref, [field]: origin.upstreamName } },
    };
    return this.#calls.forward(exchange, origin.server, request);
  }

  /** Which server completes arguments of a prompt, a resource or a template that the client may use. */
  #completed(exchange: Exchange, ref: CompletionReference): CatalogOrigin {
    const policy = this.#policyOf(exchange);
    if (policy.isWhole) return this.#routes.completion(ref);
    if (ref.type === 'ref/prompt') return this.#find(exchange, 'prompts', { name: ref.name });
    let denied: string | undefined;
    try {
      return this.#routes.completion(ref, (origin, kind) => {
        if (policy.allows(kind, ref.uri, origin)) return true;
        denied ??= origin.server;
        return false;
      });
    } catch (error) {
      throw denied === undefined ? error : notAllowed('resources', ref.uri, denied);
    }
  }

  async #setLevel({ client }: Exchange, { level }: Params): Promise<Result> {
    if (!isLogLevel(level)) throw new RpcError(INVALID_PARAMS, 'Invalid params: "level" is no log level.');
    client.logLevel = level;
    const owned = this.#upstreams.ownedBy(client);
    await Promise.allSettled(owned.map(({ session }) => setLevel(session, level)));
    return {};
  }

  /**
   * Subscribes a client to a resource, as `identity` may. Rejects when it may not, or has as many subscriptions as it may
   * have.
   */
  async subscribe(client: GatewayClient, uri: string, identity: Identity): Promise<void> {
    if (uri.length > MAX_URI) throw new RpcError(INVALID_PARAMS, 'Invalid params: "uri" is too long.');
    const { server, upstreamName } = this.#resource({ client, identity }, uri);
    if (client.subscriptions.has(uri)) return;
    if (client.subscriptions.size >= this.#bounds.subscriptions) throw tooManySubscriptions();
    client.subscriptions.set(uri, server);
    try {
      const upstream = await this.#upstreams.hold(client, server);
      await upstream.subscribe(client, upstreamName);
    } catch (error) {
      client.subscriptions.delete(uri);
      throw error;
    }
    // It may have been ended meanwhile, as when the client may not hear of it any more.
    if (!client.subscriptions.has(uri)) await this.#upstreams.unsubscribe(client, server, uri);
  }

  /** Whether a client is shown the same list under another policy. */
  showsSame(client: GatewayClient, kind: CatalogKind, before: ClientPolicy, after: ClientPolicy): boolean {
    return isSameData(this.#listOf(client, before, kind), this.#listOf(client, after, kind));
  }

  /** Ends the subscriptions of a client to what it may not see any more. */
  async dropDenied(client: GatewayClient): Promise<void> {
    const policy = this.#policyOf(client);
    const denied = [...client.subscriptions].filter(
      ([uri, server]) => !policy.allows('resources', uri, { server, upstreamName: uri }),
    );
    const ended = denied.map(([uri]) => {
      const ending = this.unsubscribe(client, uri);
      // A stream that listened for it ends, so that its client may listen anew.
      if (client.era === 'modern') client.onSubscriptionLost(uri);
      return ending;
    });
    await Promise.allSettled(ended);
  }

  async unsubscribe(client: GatewayClient, uri: string): Promise<void> {
    const server = client.subscriptions.get(uri);
    if (server === undefined) return;
    client.subscriptions.delete(uri);
    await this.#upstreams.unsubscribe(client, server, uri);
  }
}

/** Tells a server which log messages a client wants, if it logs at all. */
export async function setLevel(session: Session, level: LoggingLevel): Promise<void> {
  if (session.capabilities?.logging !== undefined) await session.setLoggingLevel(level);
}
