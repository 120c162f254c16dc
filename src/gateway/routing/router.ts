import type { ClientCapabilities, LoggingLevel, Tool } from '@modelcontextprotocol/server';
import { signInOfListing } from '../../errors/gateway.ts';
import { groupRoutes } from '../../group/group-routes.ts';
import type { CatalogKind, CatalogOrigin } from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { isRecord } from '../../internal/checks.ts';
import { isDeeperThan } from '../../internal/json/depth.ts';
import { isSameData } from '../../internal/json/same-data.ts';
import { Limit } from '../../internal/limit.ts';
import { isLogLevel } from '../../internal/log-levels.ts';
import { relatedNumber, type CallOptions } from '../../session/call-options.ts';
import { internalsOf } from '../../session/session-internals.ts';
import type { CompletionReference, RawRequest, Session } from '../../session/session.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';
import { ParkedCalls, type Outcome, type ParkedCall } from '../input/parked-call.ts';
import { invalidState, RequestStates, type StateBinding } from '../input/request-state.ts';
import type { ClientViews } from '../catalog/client-views.ts';
import { SearchViews } from '../catalog/search-views.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClientPolicies, ClientPolicy } from '../policy/client-policy.ts';
import { pageOf } from './list-page.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import type { NeededSignIn } from '../sign-in/sign-ins.ts';
import {
  accepts,
  isSignInNeeded,
  isSignInTool,
  SIGN_IN,
  SIGN_IN_NAME,
  signInError,
  signInRefused,
  signInRequest,
  signInTool,
} from './sign-in-request.ts';
import { CallClock, clientSilent } from './call-clock.ts';
import { Approval, APPROVAL } from './approval.ts';
import { Denied, notAllowed } from './denied.ts';
import { answerWithoutHopMeta, forwardedMeta, LOG_LEVEL, withoutHopMeta } from './hop-meta.ts';
import {
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  MOST_LEVELS,
  RpcError,
  tooDeep,
  tooManySubscriptions,
  toRpcError,
} from './rpc-error.ts';

type Params = Readonly<Record<string, unknown>>;
type Result = Record<string, unknown>;

/** A request of a client. */
export interface ClientRequest {
  readonly method: string;
  readonly params: Params;
  /** Answers to an earlier `input_required`, and its state (2026-07-28). */
  readonly inputResponses?: Params | undefined;
  readonly requestState?: string | undefined;
}

/** The methods that clients are answered. A request of any other is refused by the official server. */
export const METHODS: ReadonlySet<unknown> = new Set([
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
]);

export interface RouterBounds {
  readonly pageSize: number;
  readonly parkedCalls: number;
  readonly parkedMs: number;
  readonly subscriptions: number;
}

/** Where users are sent who have to sign in to a server. */
export interface SignInGate {
  /** Whether users sign in to this server themselves. */
  isFor(server: string): boolean;
  /** The servers of which a client is shown nothing before its user has signed in. */
  unlisted(client: GatewayClient): readonly string[];
  /** Whether the user of a request has tokens for a server. */
  isSignedIn(exchange: Exchange, server: string): Promise<boolean>;
  /** The sign-in that the user of a request needs; undefined when none can be made. */
  need(exchange: Exchange, server: string): Promise<NeededSignIn | undefined>;
  /** The sign-in of this id, if it is this principal's and not over. */
  open(id: string, principal: string): Promise<boolean> | undefined;
}

/** How many times one call may ask a client of an older revision before it fails. */
const MAX_ROUNDS = 10;

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
  readonly #states: RequestStates;
  readonly #parked: ParkedCalls;
  readonly #signIns: SignInGate | undefined;

  constructor(
    group: SessionGroup,
    views: ClientViews,
    policies: ClientPolicies,
    upstreams: Upstreams,
    bounds: RouterBounds,
    signIns?: SignInGate,
  ) {
    this.#signIns = signIns;
    this.#group = group;
    this.#upstreams = upstreams;
    this.#bounds = bounds;
    this.#views = views;
    this.#policies = policies;
    this.#search = new SearchViews(group, views);
    this.#states = new RequestStates(bounds);
    this.#parked = new ParkedCalls(bounds);
  }

  /** How many calls wait for their clients. */
  get parkedCalls(): number {
    return this.#parked.size;
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
  meant(exchange: Exchange, request: ClientRequest): ClientRequest {
    if (request.method !== 'tools/call' || this.#policyOf(exchange).view !== 'search') return request;
    const call = this.#search.meant(request.params);
    return call === undefined ? request : { ...request, params: { ...request.params, ...call } };
  }

  /** The server that has what a request names, whether the client may use it or not; undefined when none has. */
  serverOf(exchange: Exchange, { method, params }: ClientRequest): string | undefined {
    try {
      if (method === 'resources/read') return this.#resource(exchange, textOf(params, 'uri')).server;
      return this.#find(exchange, method === 'tools/call' ? 'tools' : 'prompts', params).server;
    } catch (error) {
      return error instanceof Denied ? error.server : undefined;
    }
  }

  /** Cancels the calls that wait for their clients. */
  close(): void {
    this.#parked.endAll();
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

  #find(exchange: Exchange, kind: 'tools' | 'prompts', params: Params): CatalogOrigin {
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
    const unlisted = this.#signIns?.unlisted(exchange.client) ?? [];
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
    const needed = await this.#signIns?.need(exchange, error.server);
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
    if (policy.rates !== undefined) await policy.rates.take(exchange.identity.principal, server, named);
    const approval =
      request.method === 'tools/call' && policy.needsApproval(named, origin)
        ? new Approval(server, named, request.params['arguments'])
        : undefined;
    const target = { origin, field, approval };
    if (this.#signIns?.isFor(server) !== true) return this.#callOnce(exchange, request, target);
    return this.#withSignIn(exchange, request, { server, field, approval }, (signedIn) =>
      this.#callOnce(exchange, signedIn, target),
    );
  }

  /** A server that cannot be listed before somebody has signed in has this tool alone. */
  #signIn(exchange: Exchange, request: ClientRequest, server: string): Promise<Result> {
    return this.#withSignIn(exchange, request, { server, field: 'name' }, async () => {
      if ((await this.#signIns?.isSignedIn(exchange, server)) !== true) throw signInOfListing();
      return { content: [{ type: 'text', text: `You are signed in to the server "${server}".` }] };
    });
  }

  /** Calls `run`, again when the user had to sign in to the server for it. */
  async #withSignIn(
    exchange: Exchange,
    request: ClientRequest,
    { server, field, approval }: { server: string; field: 'name' | 'uri'; approval?: Approval | undefined },
    run: (request: ClientRequest) => Promise<Result>,
  ): Promise<Result> {
    const { client } = exchange;
    const { method, params } = request;
    const binding = { principal: client.identity.principal, method, name: textOf(params, field) };
    const signedIn = await this.#afterSignIn(exchange, request, binding, approval);
    try {
      return await run(signedIn);
    } catch (error) {
      if (!isSignInNeeded(error)) throw error;
      const needed = await this.#signIns?.need(exchange, server);
      if (needed === undefined) throw error;
      const question = signInRequest(needed);
      if (!declares(client.capabilities, question)) throw signInError(needed, client);
      if (client.era === 'modern')
        return {
          resultType: 'input_required',
          inputRequests: { [SIGN_IN]: question },
          requestState: this.#states.seal(
            {
              kind: 'sign-in',
              id: needed.id,
              approved: approval?.given === true ? approval.digest : undefined,
            },
            binding,
          ),
        };
      if (!accepts(await this.#ask(exchange, question))) throw signInRefused(needed.server);
      if (!(await this.#waitFor(exchange, needed.done))) throw signInError(needed, client);
      const completed = {
        method: 'notifications/elicitation/complete',
        params: { elicitationId: needed.id },
      };
      exchange.notify(completed).catch(() => {}); // The client is gone.
      return run(request);
    }
  }

  /** The request of a 2026-07-28 client without what answers its sign-in, once the user has signed in. */
  async #afterSignIn(
    exchange: Exchange,
    request: ClientRequest,
    binding: StateBinding,
    approval: Approval | undefined,
  ): Promise<ClientRequest> {
    const { requestState, inputResponses, ...rest } = request;
    if (exchange.client.era === 'legacy' || requestState === undefined) return request;
    const state = this.#states.open(requestState, binding);
    if (state.kind !== 'sign-in') return request;
    if (!accepts(inputResponses?.[SIGN_IN])) throw signInRefused(undefined);
    if (approval !== undefined) approval.given = state.approved === approval.digest;
    // One that is over is not waited for: the call shows whether there are tokens.
    const done = this.#signIns?.open(state.id, binding.principal);
    if (done !== undefined) await this.#waitFor(exchange, done);
    return rest;
  }

  /** Whether a user has signed in, as far as it is known when the time to answer is over. */
  async #waitFor({ signal }: Exchange, done: Promise<boolean>): Promise<boolean> {
    const limit = new Limit({ ms: this.#bounds.parkedMs, expired: clientSilent }, signal);
    try {
      return await limit.hold(done);
    } finally {
      limit.stop();
    }
  }

  /** A call that may ask its client in its course. */
  async #callOnce(
    exchange: Exchange,
    request: ClientRequest,
    { origin, field, approval }: CallTarget,
  ): Promise<Result> {
    const { method, params } = request;
    const upstream: RawRequest = { method, params: { ...params, [field]: origin.upstreamName } };
    const { client } = exchange;
    if (client.era === 'legacy') {
      if (approval?.given === false) await this.#askApproval(exchange, approval);
      return this.#callFor(exchange, origin.server, upstream);
    }
    const binding = { principal: client.identity.principal, method, name: textOf(params, field) };
    if (request.requestState === undefined) {
      if (approval?.given === false) return this.#needApproval(exchange, approval, binding);
      return this.#startModern(exchange, origin.server, upstream, binding, approval);
    }
    const state = this.#states.open(request.requestState, binding);
    if (state.kind === 'sign-in') throw invalidState();
    const responses = eachWithoutHopMeta(request.inputResponses ?? {});
    if (state.kind === 'approval') {
      if (state.approved !== approval?.digest) throw invalidState();
      if (!accepts(responses[APPROVAL])) throw approval.refused();
      approval.given = true;
      return this.#startModern(exchange, origin.server, upstream, binding, approval);
    }
    // Meanwhile the name may have become another server's: its state is nothing for that one.
    if (state.kind === 'upstream' && state.server !== origin.server) throw invalidState();
    if (state.kind === 'upstream') {
      // It is sent again, perhaps with other arguments than those that were agreed to.
      if (approval !== undefined && state.approved !== approval.digest) throw invalidState();
      const input = { inputResponses: responses, requestState: state.state };
      return this.#callModern(exchange, state.server, upstream, binding, input, approval);
    }
    const parked = this.#parked.waiting(state.id, binding.principal);
    if (parked === undefined) throw invalidState();
    parked.resume(exchange, responses);
    return this.#outcomeOf(parked, client.capabilities, binding);
  }

  /** Asks the user of a legacy client whether a call may be made. */
  async #askApproval(exchange: Exchange, approval: Approval): Promise<void> {
    if (!declares(exchange.client.capabilities, approval.question)) throw approval.cannotAsk();
    if (!accepts(await this.#ask(exchange, approval.question))) throw approval.refused();
    approval.given = true;
  }

  /** Has a modern client ask its user whether a call may be made. */
  #needApproval({ client }: Exchange, approval: Approval, binding: StateBinding): Result {
    if (!declares(client.capabilities, approval.question)) throw approval.cannotAsk();
    return {
      resultType: 'input_required',
      inputRequests: { [APPROVAL]: approval.question },
      requestState: this.#states.seal({ kind: 'approval', approved: approval.digest }, binding),
    };
  }

  /** The call of a legacy client. When a modern server needs input, the client is asked, and the server called again. */
  async #callFor(exchange: Exchange, server: string, request: RawRequest): Promise<Result> {
    return this.#upstreams.use(exchange, server, async (session, number) => {
      let input: InputOptions = {};
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const result = await this.#send(exchange, { session, number }, request, input);
        if (result['resultType'] !== 'input_required') return result;
        const asked = requestsIn(result);
        const answers = Object.entries(asked).map(async ([key, each]) => {
          if (!declares(exchange.client.capabilities, each)) throw cannotAsk(each.method);
          return [key, await this.#ask(exchange, each)] as const;
        });
        const state = result['requestState'];
        input = {
          inputResponses: Object.fromEntries(await Promise.all(answers)),
          requestState: typeof state === 'string' ? state : undefined,
        };
      }
      throw new RpcError(INVALID_PARAMS, `The server asked more than ${MAX_ROUNDS} times in one call.`);
    });
  }

  async #ask(exchange: Exchange, question: RawRequest): Promise<Result> {
    const limit = new Limit({ ms: this.#bounds.parkedMs, expired: clientSilent }, exchange.signal);
    try {
      return answerWithoutHopMeta(await limit.hold(exchange.ask(question, limit.signal)));
    } finally {
      limit.stop();
    }
  }

  async #startModern(
    exchange: Exchange,
    server: string,
    request: RawRequest,
    binding: StateBinding,
    approval: Approval | undefined,
  ): Promise<Result> {
    const era = this.#group.session(server).era;
    if (era === 'modern') return this.#callModern(exchange, server, request, binding, {}, approval);
    const call = this.#parked.start(exchange, (persistent) =>
      this.#upstreams.use(persistent, server, (session, number) =>
        this.#send(persistent, { session, number }, request, {}),
      ),
    );
    return this.#outcomeOf(call, exchange.client.capabilities, binding);
  }

  /** The call of a modern client to a modern server: `input_required` passes through, its state sealed. */
  async #callModern(
    exchange: Exchange,
    server: string,
    request: RawRequest,
    binding: StateBinding,
    input: InputOptions,
    approval: Approval | undefined,
  ): Promise<Result> {
    const result = await this.#upstreams.use(exchange, server, (session, number) =>
      this.#send(exchange, { session, number }, request, input),
    );
    if (result['resultType'] !== 'input_required') return result;
    const given = result['requestState'];
    const state = typeof given === 'string' ? given : undefined;
    const sealed = { kind: 'upstream', server, state, approved: approval?.digest } as const;
    const { inputRequests } = result;
    return {
      ...result,
      ...(isRecord(inputRequests) && { inputRequests: questionsIn(inputRequests) }),
      requestState: this.#states.seal(sealed, binding),
    };
  }

  async #outcomeOf(
    call: ParkedCall,
    capabilities: ClientCapabilities,
    binding: StateBinding,
  ): Promise<Result> {
    const outcome: Outcome = await call.next();
    if ('result' in outcome) return outcome.result;
    const undeclared = Object.values(outcome.inputRequests).find((each) => !declares(capabilities, each));
    if (undeclared !== undefined) {
      call.end();
      throw cannotAsk(undeclared.method);
    }
    this.#parked.park(call);
    return {
      resultType: 'input_required',
      inputRequests: outcome.inputRequests,
      requestState: this.#states.seal({ kind: 'parked', id: call.id }, binding),
    };
  }

  /** Sends a request to a server, with progress on the way back, and bounds how long the server may be silent. */
  async #send(
    exchange: Exchange,
    { session, number }: Place,
    request: RawRequest,
    input: InputOptions,
  ): Promise<Result> {
    // Tasks are not announced: who asks for one all the same is answered as ever.
    const { _meta, task: _task, ...params } = request.params ?? {};
    const times = { silentMs: internalsOf(session).timeoutMs, askedMs: this.#bounds.parkedMs };
    const clock = new CallClock(session.name, times, exchange.signal);
    exchange.clock = clock;
    let reporting: Promise<void> = Promise.resolve();
    const onProgress = (progress: object): void => {
      clock.restart();
      const { progressToken } = exchange;
      if (progressToken === undefined) return;
      const report = { method: 'notifications/progress', params: { ...progress, progressToken } };
      reporting = reporting.then(() => exchange.notify(report)).catch(() => {}); // The client is gone.
    };
    const isModern = session.era === 'modern';
    const meta = sentMeta(_meta, isModern ? exchange.logLevel : undefined);
    try {
      const options = {
        [relatedNumber]: number,
        timeoutMs: Infinity,
        signal: clock.signal,
        ...(exchange.progressToken !== undefined && { onProgress }),
        ...(meta !== undefined && { meta }),
        ...(isModern && { allowInputRequired: true as const, ...input }),
      };
      const mirroring = isModern ? this.#views.headerTool(session.name, request) : undefined;
      const result: Result =
        mirroring === undefined
          ? await session.request({ method: request.method, params }, options)
          : await callWithHeaders(session, mirroring, params['arguments'], {
              allowInputRequired: true,
              ...options,
            });
      // The last report must not come after the result.
      await reporting;
      return answerWithoutHopMeta(result);
    } catch (error) {
      throw clock.explain(error);
    } finally {
      clock.stop();
    }
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
    return this.#upstreams.use(exchange, origin.server, (session, number) =>
      this.#send(exchange, { session, number }, request, {}),
    );
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
    await Promise.allSettled(denied.map(([uri]) => this.unsubscribe(client, uri)));
  }

  async unsubscribe(client: GatewayClient, uri: string): Promise<void> {
    const server = client.subscriptions.get(uri);
    if (server === undefined) return;
    client.subscriptions.delete(uri);
    await this.#upstreams.unsubscribe(client, server, uri);
  }
}

/** What a call calls: `field` is the param that names it. */
interface CallTarget {
  readonly origin: CatalogOrigin;
  readonly field: 'name' | 'uri';
  /** Undefined when nobody has to agree to it. */
  readonly approval: Approval | undefined;
}

/** Where a request runs: the session, and the number of the request on it. */
interface Place {
  readonly session: Session;
  readonly number: number;
}

interface InputOptions {
  readonly inputResponses?: Params;
  readonly requestState?: string | undefined;
}

/** Calls a tool of which some arguments go into HTTP headers, too: the session makes them, once it knows the tool. */
async function callWithHeaders(
  session: Session,
  tool: Tool,
  args: unknown,
  options: CallOptions & { allowInputRequired: true },
): Promise<Result> {
  internalsOf(session).learnTools([tool]);
  return { ...(await session.callTool(tool.name, isRecord(args) ? args : {}, options)) };
}

/** `_meta` for a server: what the client sent for it, and, in 2026-07-28, which log messages the request wants. */
function sentMeta(meta: unknown, level: LoggingLevel | undefined): Record<string, unknown> | undefined {
  const forwarded = forwardedMeta(meta);
  return level === undefined ? forwarded : { ...forwarded, [LOG_LEVEL]: level };
}

/** Tells a server which log messages a client wants, if it logs at all. */
export async function setLevel(session: Session, level: LoggingLevel): Promise<void> {
  if (session.capabilities?.logging !== undefined) await session.setLoggingLevel(level);
}

function textOf(params: Params, field: string): string {
  const value = params[field];
  if (typeof value === 'string') return value;
  throw new RpcError(INVALID_PARAMS, `Invalid params: "${field}" must be a string.`);
}

/** Answers as they may be sent on. */
function eachWithoutHopMeta(answers: Params): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([key, answer]) => [
      key,
      isRecord(answer) ? answerWithoutHopMeta(answer) : answer,
    ]),
  );
}

/** Questions as they may be sent on, with whatever else a server has put there. */
function questionsIn(inputRequests: Params): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputRequests).map(([key, each]) => {
      const params = isRecord(each) ? each['params'] : undefined;
      return [key, isRecord(each) && isRecord(params) ? { ...each, params: withoutHopMeta(params) } : each];
    }),
  );
}

/** What a server wants to know, of a result `input_required`. */
function requestsIn({ inputRequests }: Result): Readonly<Record<string, RawRequest>> {
  const entries = isRecord(inputRequests) ? Object.entries(inputRequests) : [];
  const requests = entries.flatMap(([key, each]): [string, RawRequest][] => {
    if (!isRecord(each) || typeof each['method'] !== 'string') return [];
    const { method, params } = each;
    return [[key, { method, ...(isRecord(params) && { params: withoutHopMeta(params) }) }]];
  });
  return Object.fromEntries(requests);
}

const NEEDED = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
} as const;

function capabilityFor(method: string): 'sampling' | 'elicitation' | 'roots' | undefined {
  return Object.entries(NEEDED).find(([name]) => name === method)?.[1];
}

/** Whether a client has declared that it can be asked this. */
function declares(capabilities: GatewayClient['capabilities'], { method, params }: RawRequest): boolean {
  const capability = capabilityFor(method);
  if (capability === undefined || capabilities[capability] === undefined) return false;
  if (capability !== 'elicitation') return true;
  const { form, url } = capabilities.elicitation ?? {};
  // A client that names no mode means forms.
  return params?.['mode'] === 'url' ? url !== undefined : form !== undefined || url === undefined;
}

const MISSING_CLIENT_CAPABILITY = -32021;

function cannotAsk(method: string): RpcError {
  const capability = capabilityFor(method);
  const data = capability && { requiredCapabilities: { [capability]: {} } };
  return new RpcError(
    MISSING_CLIENT_CAPABILITY,
    `The client did not declare that it can be asked ${method}`,
    data,
  );
}
