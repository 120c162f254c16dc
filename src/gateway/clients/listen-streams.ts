import type { ClientCapabilities, Implementation, ServerEvent } from '@modelcontextprotocol/server';
import { isRecord } from '../../internal/checks.ts';
import { tooManySubscriptions } from '../routing/rpc-error.ts';
import type { RawRequest } from '../../session/session.ts';
import { GatewayClient, RESOURCE_UPDATED, type ClientChannel } from './gateway-client.ts';
import type { OfficialServer } from '../official-server.ts';
import type { Identity } from '../identity/identity.ts';

/** Subscribes and unsubscribes for a client. */
export interface ResourceSubscriber {
  /** Rejects when `identity` may not hear of it. */
  subscribe(client: GatewayClient, uri: string, identity: Identity): Promise<void>;
  unsubscribe(client: GatewayClient, uri: string): Promise<void>;
}

/** How many resources may be listened for. May change. */
export interface SubscriptionBounds {
  readonly subscriptions: number;
}

/** One stream that wants something. */
interface ListenStream {
  readonly onLost: () => void;
}

/**
 * Subscribes for all `subscriptions/listen` streams of one client, or of one principal over HTTP (2026-07-28): one
 * subscription with a server serves them all, and ends with the last stream that wants it.
 */
export class ListenStreams {
  readonly client: GatewayClient;
  readonly #subscriber: ResourceSubscriber;
  readonly #bounds: SubscriptionBounds;
  /** The streams that want each URI. */
  readonly #wanted = new Map<string, Set<ListenStream>>();

  constructor(client: GatewayClient, subscriber: ResourceSubscriber, bounds: SubscriptionBounds) {
    this.client = client;
    this.#subscriber = subscriber;
    this.#bounds = bounds;
    client.onSubscriptionLost = (uri) => this.#lose(uri);
  }

  /** Whether no stream wants anything. */
  get isEmpty(): boolean {
    return this.#wanted.size === 0;
  }

  /**
   * Rejects as subscribing does for `identity`; then nothing of this call is left. Resolves with the function that ends it.
   * `onLost` is called when a server has ended what it wants: it may be called before that, and more than once.
   */
  async listen(uris: readonly string[], identity: Identity, onLost: () => void): Promise<() => void> {
    const wanted = new Set(uris);
    // Before any is subscribed to: a request for thousands costs the servers nothing.
    if (wanted.size > this.#bounds.subscriptions) throw tooManySubscriptions();
    const stream: ListenStream = { onLost };
    const held: string[] = [];
    const end = (): void => {
      for (const uri of held.splice(0)) this.#drop(uri, stream);
    };
    try {
      for (const uri of wanted) {
        held.push(uri);
        await this.#want(uri, stream, identity);
      }
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  async #want(uri: string, stream: ListenStream, identity: Identity): Promise<void> {
    const streams = this.#wanted.get(uri);
    if (streams !== undefined) {
      streams.add(stream);
      // What another stream is subscribed to, this one may not be allowed to hear of.
      await this.#subscriber.subscribe(this.client, uri, identity);
      return;
    }
    this.#wanted.set(uri, new Set([stream]));
    await this.#subscriber.subscribe(this.client, uri, identity);
  }

  /** The subscription has ended with its session: those that listen again get a new one. */
  #lose(uri: string): void {
    const streams = this.#wanted.get(uri) ?? [];
    this.#wanted.delete(uri);
    for (const { onLost } of streams) onLost();
  }

  #drop(uri: string, stream: ListenStream): void {
    const streams = this.#wanted.get(uri);
    if (streams?.delete(stream) !== true || streams.size > 0) return;
    this.#wanted.delete(uri);
    this.#subscriber.unsubscribe(this.client, uri).catch(() => {}); // Its session with the server has ended.
  }
}

/** Who stands for the clients of a principal that can do the same, of which nothing is kept but streams that listen. */
export function createPrincipalListener(
  identity: Identity,
  capabilities: ClientCapabilities,
  publish: (event: ServerEvent) => void,
): GatewayClient {
  const client = new GatewayClient(`listening ${identity.principal}`, identity, 'modern');
  client.channel = new ListenerChannel(publish);
  client.capabilities = capabilities;
  client.isForPrincipal = true;
  return client;
}

/** The resources that a `subscriptions/listen` wants to hear of. */
export function listenedUris(message: unknown): readonly string[] {
  if (!isRecord(message) || message['method'] !== 'subscriptions/listen') return [];
  const { params } = message;
  const filter = isRecord(params) ? params['notifications'] : undefined;
  const uris: unknown = isRecord(filter) ? filter['resourceSubscriptions'] : undefined;
  return Array.isArray(uris) ? uris.filter((uri) => typeof uri === 'string') : [];
}

/** The result by which a stream ends on the gateway's side: the client may listen again. */
export function endOfListening(
  { SUBSCRIPTION_ID_META_KEY, SERVER_INFO_META_KEY }: OfficialServer,
  id: string | number,
  serverInfo: Implementation,
) {
  const _meta = { [SUBSCRIPTION_ID_META_KEY]: id, [SERVER_INFO_META_KEY]: serverInfo };
  return { jsonrpc: '2.0' as const, id, result: { resultType: 'complete', _meta } };
}

/** Nobody can be asked on a stream that only listens. */
class ListenerChannel implements ClientChannel {
  readonly isOpen = false;
  readonly #publish: (event: ServerEvent) => void;

  constructor(publish: (event: ServerEvent) => void) {
    this.#publish = publish;
  }

  async notify({ method, params }: RawRequest): Promise<void> {
    const uri = params?.['uri'];
    if (method === RESOURCE_UPDATED && typeof uri === 'string')
      this.#publish({ kind: 'resource_updated', uri });
  }

  ask(): Promise<never> {
    return Promise.reject(new Error('A stream that listens cannot be asked.'));
  }
}
