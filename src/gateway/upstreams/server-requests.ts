import { PlenumError } from '../../errors/plenum-error.ts';
import type { ManagedServerSpec, ServerSpecFactory } from '../../manager/pool/managed-server.ts';
import type {
  HandlerContext,
  Handlers,
  NotificationContext,
  Related,
} from '../../session/handlers/handlers.ts';
import type { HeadersSource, UrlServerSpec } from '../../server-spec.ts';
import type { RawRequest } from '../../session/session.ts';
import { Limit } from '../../internal/limit.ts';
import type { Exchange } from '../clients/gateway-client.ts';
import type { Isolation } from '../../group/server-options.ts';
import { readAs, type OfficialServer } from '../official-server.ts';
import { RpcError } from '../routing/rpc-error.ts';
import { answerWithoutHopMeta, withoutHopMeta } from '../routing/hop-meta.ts';
import type { Forwarded } from './forwarded-headers.ts';
import { featuresOfKey, forwardedOfKey, userOfKey, type ClientFeatures } from './session-key.ts';
import type { Upstream } from './upstream.ts';
import type { Upstreams } from './upstreams.ts';

const NOBODY_TO_ASK = -32603;

interface SpecFactoryOptions {
  readonly authFor?: AuthFor;
  /** Whether it is sent headers of clients. */
  readonly forwards?: boolean;
}

/** The credentials of a principal; without one, those with which the server is listed. */
export type AuthFor = (principal: string | undefined) => NonNullable<UrlServerSpec['auth']>;

type Result = Record<string, unknown>;

/** Where a notification came from. */
type Said = NotificationContext & Related;

const ALL_FEATURES: ClientFeatures = {
  sampling: { tools: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
};

/**
 * The handlers of all sessions that a gateway opens for its clients: what a server asks or says goes to the client that it
 * is meant for.
 */
export class ServerRequests {
  readonly #schemas: OfficialServer['specTypeSchemas'];
  #upstreams: Upstreams | undefined;

  constructor({ specTypeSchemas }: OfficialServer) {
    this.#schemas = specTypeSchemas;
  }

  /** Must be called before the first session is opened. */
  serve(upstreams: Upstreams): void {
    this.#upstreams = upstreams;
  }

  /**
   * Makes the spec of a server with the capabilities of the client that a session is for, which its key holds. The session
   * over which a server is listed is for no client, and declares all of them: a server may offer some of its tools only to
   * clients that can be asked. Where clients share that session, it declares none.
   */
  specFactory(
    spec: ManagedServerSpec,
    isolation: Isolation,
    { authFor, forwards = false }: SpecFactoryOptions = {},
  ): ServerSpecFactory {
    return ({ principal }) => {
      if (principal === undefined && isolation === 'shared') return { ...spec, ...this.#handlersFor({}) };
      const auth = authFor?.(principal === undefined ? undefined : userOfKey(principal));
      const features = principal === undefined ? ALL_FEATURES : featuresOfKey(principal);
      const forwarded = forwards && principal !== undefined ? forwardedOfKey(principal) : {};
      return {
        ...spec,
        ...('url' in spec && forwards && { headers: headersWith(forwarded, spec.headers) }),
        ...(auth !== undefined && { auth }),
        capabilities: features,
        ...this.#handlersFor(features),
      };
    };
  }

  // The same functions for all sessions: the pool takes specs for equal whose functions are the same.
  readonly #onSampling: NonNullable<Handlers['onSampling']> = async (context, params) => {
    const answer = await this.#ask(context, { method: 'sampling/createMessage', params: { ...params } });
    const { CreateMessageResultWithTools, CreateMessageResult } = this.#schemas;
    return readAs(CreateMessageResult, answer) ?? readAs(CreateMessageResultWithTools, answer) ?? badAnswer();
  };

  readonly #onElicitation: NonNullable<Handlers['onElicitation']> = async (context, params) => {
    const answer = await this.#ask(context, { method: 'elicitation/create', params: { ...params } });
    return readAs(this.#schemas.ElicitResult, answer) ?? badAnswer();
  };

  readonly #onRoots: NonNullable<Handlers['onRoots']> = async (context) => {
    const answer = await this.#ask(context, { method: 'roots/list' });
    return readAs(this.#schemas.ListRootsResult, answer) ?? badAnswer();
  };

  readonly #onLog: NonNullable<Handlers['onLog']> = (context: Said, { level, logger, data }) => {
    const params = { level, ...(logger !== undefined && { logger }), data };
    this.#upstreamOf(context)?.tell({ method: 'notifications/message', params }, context.relation, (client) =>
      client.wantsLog(level),
    );
  };

  readonly #onNotification: NonNullable<Handlers['onNotification']> = (context: Said, { method, params }) => {
    const notification = {
      method,
      ...(params !== undefined && { params: answerWithoutHopMeta({ ...params }) }),
    };
    this.#upstreamOf(context)?.tell(notification, context.relation, () => true);
  };

  #handlersFor(features: ClientFeatures): Handlers {
    return {
      ...(features.sampling !== undefined && { onSampling: this.#onSampling }),
      ...(features.elicitation !== undefined && { onElicitation: this.#onElicitation }),
      ...(features.roots !== undefined && { onRoots: this.#onRoots }),
      onLog: this.#onLog,
      onNotification: this.#onNotification,
    };
  }

  /** Asks the client that the server means, and resolves with what it answers. */
  async #ask(context: HandlerContext & Related, { method, params }: RawRequest): Promise<Result> {
    const request = { method, ...(params !== undefined && { params: withoutHopMeta(params) }) };
    const { server, principal = '', signal, relation } = context;
    const upstream = this.#upstreamOf(context);
    const exchange = upstream?.askedIn(relation);
    if (exchange !== undefined)
      return answerWithoutHopMeta(await chosen(askInCall(exchange, request, signal)));
    const owner = upstream === undefined ? this.#upstreams?.openingFor(server, principal) : upstream.owner;
    // What is asked on the stream of a request that is over concerns nobody any more.
    const isOutside = typeof relation !== 'number';
    const isHeard = owner?.muted.has(server) === false;
    if (isOutside && isHeard && owner.channel?.isOpen === true)
      return answerWithoutHopMeta(await chosen(owner.channel.ask(request, signal)));
    throw PlenumError.fromJsonRpc({ code: NOBODY_TO_ASK, message: 'No client can be asked now.' });
  }

  #upstreamOf({ server, session }: NotificationContext): Upstream | undefined {
    return this.#upstreams?.find(server, session);
  }
}

/** The call waits for its client, not for its server, until the client has answered, or its time is over. */
function askInCall(exchange: Exchange, request: RawRequest, signal: AbortSignal): Promise<Result> {
  const { clock } = exchange;
  if (clock === undefined) return exchange.ask(request, signal);
  return clock.whileAsking(async (ended) => {
    const limit = new Limit({}, signal, ended);
    try {
      return await exchange.ask(request, limit.signal);
    } finally {
      limit.stop();
    }
  });
}

function badAnswer(): never {
  throw PlenumError.fromJsonRpc({ code: NOBODY_TO_ASK, message: 'The client did not give a valid answer.' });
}

/** What the gateway says to a client it may say to a server, too: its errors are made to be sent. */
async function chosen<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof RpcError ? PlenumError.fromJsonRpc(error) : error;
  }
}

/** The headers of a server with those of a client, which replace none of them. */
function headersWith(forwarded: Forwarded, own: UrlServerSpec['headers']): HeadersSource {
  if (typeof own === 'function') return async () => ({ ...forwarded, ...(await own()) });
  return { ...forwarded, ...own };
}
