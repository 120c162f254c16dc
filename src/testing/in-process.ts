import type { Transport } from '@modelcontextprotocol/client';
import { scriptedServerClosed } from '../errors/testing.ts';
import { sleep } from '../internal/limit.ts';
import type { InProcessServer } from '../server-spec.ts';
import { isRpcMessage } from './server/json-rpc.ts';
import type { ServerScript } from './script/script.ts';
import { ScriptedServer } from './server/scripted-server.ts';

/**
 * A scripted server in this process, for a spec of the form `{ server }`. It can be connected again after it was
 * closed, and to several transports at once.
 */
export function inProcess(script: ServerScript = {}): ScriptedInProcessServer {
  return new ScriptedInProcessServer(script);
}

export class ScriptedInProcessServer extends ScriptedServer implements InProcessServer {
  readonly #transports = new Set<Transport>();

  /** Serves one linked transport until either side closes it. */
  async connect(transport: Transport): Promise<void> {
    const { life } = this.core;
    await sleep(this.script.startDelayMs ?? 0, life);
    if (life.aborted) throw scriptedServerClosed();
    const connection = this.core.connected();
    const peer = this.core.open({
      // A transport that closed meanwhile refuses the message; its onclose has been called or will be.
      send: (message, relatedRequestId) => void transport.send(message, { relatedRequestId }).catch(() => {}),
      origin: () => ({ connection }),
      close: () => void transport.close().catch(() => {}),
    });
    this.#transports.add(transport);
    transport.onclose = () => {
      this.#transports.delete(transport);
      peer.end();
    };
    transport.onmessage = (message) => {
      if (isRpcMessage(message)) peer.receive(message);
    };
    await transport.start();
  }

  async close(): Promise<void> {
    const open = [...this.#transports];
    this.core.end(true);
    await Promise.allSettled(open.map((transport) => transport.close()));
  }

  /** @internal */
  protected override died(): void {
    this.core.end();
  }
}
