import type { JSONRPCMessage, Transport, TransportSendOptions } from '@modelcontextprotocol/client';
import { connectFailure } from '../../errors/connect.ts';
import { unusableServer } from '../../errors/options.ts';
import type { CustomTransportSpec } from '../../server-spec.ts';
import { BaseTransport } from '../base-transport.ts';
import type { TransportContext } from '../managed-transport.ts';
import { settledWithin } from '../../internal/limit.ts';

const METHODS = ['start', 'send', 'close'] as const;
const CLOSE_TIMEOUT_MS = 4_000;

/** Wraps a transport of the user's, so that `onclose` fires once and `close` ends in time whatever that transport does. */
export class CustomTransport extends BaseTransport {
  readonly kind = 'custom';
  readonly #inner: Transport;

  /** Calls the spec's function. Throws `CONNECT_FAILED` when it fails, `CONFIG_INVALID` when it returns no transport. */
  static async create(spec: CustomTransportSpec, context: TransportContext): Promise<CustomTransport> {
    const { server } = context;
    let transport: Transport;
    try {
      transport = await spec.transport();
    } catch (error) {
      throw connectFailure(server, error, `Making the transport of server "${server}"`);
    }
    if (!METHODS.every((method) => typeof Reflect.get(Object(transport), method) === 'function')) {
      const wanted = 'a transport, with start(), send() and close()';
      throw unusableServer(`Server "${server}": the function "transport" must return ${wanted}.`, server);
    }
    return new CustomTransport(transport, context);
  }

  private constructor(inner: Transport, context: TransportContext) {
    super(context.server);
    this.#inner = inner;
    // The official client knows a stdio transport by the presence of these two.
    for (const name of ['stderr', 'pid'] as const) {
      if (name in inner) Object.defineProperty(this, name, { get: () => Reflect.get(inner, name) });
    }
  }

  get hasPerRequestStream(): boolean {
    return this.#inner.hasPerRequestStream === true;
  }

  get sessionId(): string | undefined {
    return this.#inner.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.#inner.setProtocolVersion?.(version);
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.#inner.setSupportedProtocolVersions?.(versions);
  }

  protected async open(ending: AbortSignal): Promise<void> {
    const inner = this.#inner;
    inner.onmessage = (message, extra) => this.deliver(message, extra);
    inner.onerror = (error) => this.report(error);
    inner.onclose = () => this.endWith({ what: 'closed the connection' });
    await inner.start();
    // A `close` while it started may have done nothing, and now there is something to close.
    if (ending.aborted) await inner.close();
  }

  protected async transmit(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    await this.#inner.send(message, options);
  }

  protected async shut(force: AbortSignal): Promise<void> {
    await settledWithin(this.#inner.close(), CLOSE_TIMEOUT_MS, force);
  }
}
