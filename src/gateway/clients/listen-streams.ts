import type { ClientCapabilities, ServerEvent } from '@modelcontextprotocol/server';
import { isRecord } from '../../internal/checks.ts';
import { tooManySubscriptions } from '../routing/rpc-error.ts';
import type { RawRequest } from '../../session/session.ts';
import { GatewayClient, type ClientChannel } from './gateway-client.ts';
import type { Identity } from '../identity/identity.ts';

/** Subscribes and unsubscribes for a client. */
export interface ResourceSubscriber {
  subscribe(client: GatewayClient, uri: string): Promise<void>;
  unsubscribe(client: GatewayClient, uri: string): Promise<void>;
}

/** How many resources may be listened for. May change. */
export interface SubscriptionBounds {
  readonly subscriptions: number;
}

/**
 * Subscribes for all `subscriptions/listen` streams of one client, or of one principal over HTTP (2026-07-28): one
 * subscription with a server serves them all, and ends with the last stream that wants it.
 */
export class ListenStreams {
  readonly client: GatewayClient;
  readonly #subscriber: ResourceSubscriber;
  readonly #bounds: SubscriptionBounds;
  /** How many streams want each URI. */
  readonly #wanted = new Map<string, number>();

  constructor(client: GatewayClient, subscriber: ResourceSubscriber, bounds: SubscriptionBounds) {
    this.client = client;
    this.#subscriber = subscriber;
    this.#bounds = bounds;
  }

  /** Whether no stream wants anything. */
  get isEmpty(): boolean {
    return this.#wanted.size === 0;
  }

  /** Rejects as subscribing does; then nothing of this call is left. Resolves with the function that ends it. */
  async listen(uris: readonly string[]): Promise<() => void> {
    const wanted = new Set(uris);
    // Before any is subscribed to: a request for thousands costs the servers nothing.
    if (wanted.size > this.#bounds.subscriptions) throw tooManySubscriptions();
    const held: string[] = [];
    const end = (): void => {
      for (const uri of held.splice(0)) this.#drop(uri);
    };
    try {
      for (const uri of wanted) {
        held.push(uri);
        await this.#want(uri);
      }
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  async #want(uri: string): Promise<void> {
    const streams = this.#wanted.get(uri) ?? 0;
    this.#wanted.set(uri, streams + 1);
    if (streams === 0) await this.#subscriber.subscribe(this.client, uri);
  }

  #drop(uri: string): void {
    const left = (this.#wanted.get(uri) ?? 1) - 1;
    if (left > 0) {
      this.#wanted.set(uri, left);
      return;
    }
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

/** Nobody can be asked on a stream that only listens. */
class ListenerChannel implements ClientChannel {
  readonly isOpen = false;
  readonly #publish: (event: ServerEvent) => void;

  constructor(publish: (event: ServerEvent) => void) {
    this.#publish = publish;
  }

  async notify({ method, params }: RawRequest): Promise<void> {
    const uri = params?.['uri'];
    if (method === 'notifications/resources/updated' && typeof uri === 'string')
      this.#publish({ kind: 'resource_updated', uri });
  }

  ask(): Promise<never> {
    return Promise.reject(new Error('A stream that listens cannot be asked.'));
  }
}
