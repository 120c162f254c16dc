import { Limit } from '../../internal/limit.ts';
import type { Exchange, GatewayClient } from '../clients/gateway-client.ts';
import type { StateBinding } from '../input/request-state.ts';
import type { NeededSignIn } from '../sign-in/sign-ins.ts';
import type { Approval } from './approval.ts';
import { clientSilent } from './call-clock.ts';
import { declares } from './client-input.ts';
import { textOf, type ClientRequest, type Result } from './client-request.ts';
import {
  accepts,
  isSignInNeeded,
  SIGN_IN,
  signInError,
  signInRefused,
  signInRequest,
} from './sign-in-request.ts';
import type { UpstreamCalls } from './upstream-calls.ts';

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

/** Has users sign in to servers in the course of their calls. */
export class CallsWithSignIn {
  readonly #signIns: SignInGate;
  readonly #calls: UpstreamCalls;
  readonly #bounds: { readonly parkedMs: number };

  constructor(signIns: SignInGate, calls: UpstreamCalls, bounds: { readonly parkedMs: number }) {
    this.#signIns = signIns;
    this.#calls = calls;
    this.#bounds = bounds;
  }

  /** Calls `run`, again when the user had to sign in to the server for it. */
  async run(
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
      const needed = await this.#signIns.need(exchange, server);
      if (needed === undefined) throw error;
      const question = signInRequest(needed);
      if (!declares(client.capabilities, question)) throw signInError(needed, client);
      if (client.era === 'modern')
        return {
          resultType: 'input_required',
          inputRequests: { [SIGN_IN]: question },
          requestState: this.#calls.states.seal(
            {
              kind: 'sign-in',
              id: needed.id,
              approved: approval?.given === true ? approval.digest : undefined,
            },
            binding,
          ),
        };
      if (!accepts(await this.#calls.ask(exchange, question))) throw signInRefused(needed.server);
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
    const state = this.#calls.states.open(requestState, binding);
    if (state.kind !== 'sign-in') return request;
    if (!accepts(inputResponses?.[SIGN_IN])) throw signInRefused(undefined);
    if (approval !== undefined) approval.given = state.approved === approval.digest;
    // One that is over is not waited for: the call shows whether there are tokens.
    const done = this.#signIns.open(state.id, binding.principal);
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
}
