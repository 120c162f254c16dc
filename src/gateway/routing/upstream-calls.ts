import type { ClientCapabilities, LoggingLevel, Tool } from '@modelcontextprotocol/server';
import type { CatalogOrigin } from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { isRecord } from '../../internal/checks.ts';
import { Limit } from '../../internal/limit.ts';
import { relatedNumber, type CallOptions } from '../../session/call-options.ts';
import { internalsOf } from '../../session/session-internals.ts';
import type { RawRequest, Session } from '../../session/session.ts';
import type { ClientViews } from '../catalog/client-views.ts';
import type { Exchange } from '../clients/gateway-client.ts';
import { ParkedCalls, type Outcome, type ParkedCall } from '../input/parked-call.ts';
import { invalidState, RequestStates, type StateBinding } from '../input/request-state.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import { APPROVAL, type Approval } from './approval.ts';
import { CallClock, clientSilent } from './call-clock.ts';
import { cannotAsk, declares, eachWithoutHopMeta, questionsIn, requestsIn } from './client-input.ts';
import { textOf, type ClientRequest, type Params, type Result } from './client-request.ts';
import { answerWithoutHopMeta, forwardedMeta, LOG_LEVEL } from './hop-meta.ts';
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';
import { accepts } from './sign-in-request.ts';

/** How many times one call may ask a client of an older revision before it fails. */
const MAX_ROUNDS = 10;

/** How long calls wait for their clients, and how many. */
export interface CallBounds {
  readonly parkedCalls: number;
  readonly parkedMs: number;
}

/** Calls servers for clients, and asks clients what servers want to know, whatever the eras of both. */
export class UpstreamCalls {
  readonly #group: SessionGroup;
  readonly #views: ClientViews;
  readonly #upstreams: Upstreams;
  readonly #bounds: CallBounds;
  /** Seals what a 2026-07-28 client brings back with its answers. */
  readonly states: RequestStates;
  readonly #parked: ParkedCalls;

  constructor(group: SessionGroup, views: ClientViews, upstreams: Upstreams, bounds: CallBounds) {
    this.#group = group;
    this.#views = views;
    this.#upstreams = upstreams;
    this.#bounds = bounds;
    this.states = new RequestStates(bounds);
    this.#parked = new ParkedCalls(bounds);
  }

  /** How many calls wait for their clients. */
  get parked(): number {
    return this.#parked.size;
  }

  /** Cancels the calls that wait for their clients. */
  close(): void {
    this.#parked.endAll();
  }

  /** Sends a request to a server that can ask nothing in its course. */
  forward(exchange: Exchange, server: string, request: RawRequest): Promise<Result> {
    return this.#upstreams.use(exchange, server, (session, number) =>
      this.#send(exchange, { session, number }, request, {}),
    );
  }

  /** A call that may ask its client in its course. */
  async run(
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
    const state = this.states.open(request.requestState, binding);
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
    if (!accepts(await this.ask(exchange, approval.question))) throw approval.refused();
    approval.expectAllowed();
    approval.given = true;
  }

  /** Has a modern client ask its user whether a call may be made. */
  #needApproval({ client }: Exchange, approval: Approval, binding: StateBinding): Result {
    if (!declares(client.capabilities, approval.question)) throw approval.cannotAsk();
    return {
      resultType: 'input_required',
      inputRequests: { [APPROVAL]: approval.question },
      requestState: this.states.seal({ kind: 'approval', approved: approval.digest }, binding),
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
          return [key, await this.ask(exchange, each)] as const;
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

  async ask(exchange: Exchange, question: RawRequest): Promise<Result> {
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
      requestState: this.states.seal(sealed, binding),
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
      requestState: this.states.seal({ kind: 'parked', id: call.id }, binding),
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
}

/** What a call calls: `field` is the param that names it. */
export interface CallTarget {
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
