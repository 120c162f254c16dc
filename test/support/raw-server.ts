import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import type { InProcessServer } from '../../src/index.ts';

type Params = Record<string, unknown>;
type Answer = (params: Params) => unknown;

/** Thrown by an answer: the JSON-RPC error to send. */
export class RpcFailure extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A server in this process without an SDK, in the legacy era: a function answers each method. */
export class RawServer implements InProcessServer {
  readonly requests: { method: string; params: Params }[] = [];
  closes = 0;
  readonly #answers: Record<string, Answer>;
  readonly #transports = new Set<Transport>();

  constructor(capabilities: Params, answers: Record<string, Answer>) {
    this.#answers = {
      initialize: ({ protocolVersion }) => ({
        protocolVersion,
        capabilities,
        serverInfo: { name: 'raw', version: '1.0.0' },
      }),
      ping: () => ({}),
      ...answers,
    };
  }

  /** Linked pairs that are open. */
  get open(): number {
    return this.#transports.size;
  }

  async connect(transport: Transport): Promise<void> {
    this.#transports.add(transport);
    transport.onclose = () => void this.#transports.delete(transport);
    transport.onmessage = (message) => void this.#take(transport, message);
    await transport.start();
  }

  async close(): Promise<void> {
    this.closes++;
    for (const transport of this.#transports) await transport.close();
  }

  async notify(method: string, params: Params = {}): Promise<void> {
    for (const transport of this.#transports) await transport.send({ jsonrpc: '2.0', method, params });
  }

  async #take(transport: Transport, message: JSONRPCMessage): Promise<void> {
    if (!('method' in message) || !('id' in message)) return;
    const { id, method, params = {} } = message;
    this.requests.push({ method, params });
    try {
      const answer = this.#answers[method];
      if (answer === undefined) throw new RpcFailure(-32_601, 'Method not found');
      const result = (await answer(params)) as Record<string, unknown>;
      await transport.send({ jsonrpc: '2.0', id, result });
    } catch (error) {
      const code = error instanceof RpcFailure ? error.code : -32_603;
      const failure = { code, message: error instanceof Error ? error.message : String(error) };
      // A transport that has closed meanwhile refuses it.
      await transport.send({ jsonrpc: '2.0', id, error: failure }).catch(() => {});
    }
  }
}

/** A promise that the test settles. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void } {
  let open: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}
