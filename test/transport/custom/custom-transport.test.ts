import {
  InMemoryTransport,
  type JSONRPCMessage,
  type Transport,
  type TransportSendOptions,
} from '@modelcontextprotocol/client';
import { describe, expect, it, vi } from 'vitest';
import { CustomTransport } from '../../../src/transport/custom/custom-transport.ts';
import { recordingContext } from '../support/context.ts';
import { connectClient, failureOf } from '../support/official-client.ts';
import { makeServer } from '../support/official-servers.ts';

class ScriptedTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  sessionId = 'session-1';
  hasPerRequestStream = true;
  readonly setProtocolVersion = vi.fn();
  readonly setSupportedProtocolVersions = vi.fn();
  readonly sent: [JSONRPCMessage, TransportSendOptions | undefined][] = [];
  start: () => Promise<void> = async () => {};
  close: () => Promise<void> = async () => this.onclose?.();

  async send(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    this.sent.push([message, options]);
  }
}

function wrap(inner: Transport): Promise<CustomTransport> {
  return CustomTransport.create({ transport: () => inner }, recordingContext());
}

const ping = { jsonrpc: '2.0', id: 1, method: 'ping' } as const;

describe('S14 a transport of the user', () => {
  it('carries calls', async () => {
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    await makeServer().connect(theirs);
    const { client } = await connectClient(await wrap(ours), 'auto');
    expect(await client.callTool({ name: 'echo', arguments: { a: 1 } })).toMatchObject({
      content: [{ type: 'text', text: '{"a":1}' }],
    });
  });

  it('keeps its own ways', async () => {
    const inner = new ScriptedTransport();
    const transport = await wrap(inner);
    const options = { relatedRequestId: 7 };
    await transport.start();
    await transport.send(ping, options);
    transport.setProtocolVersion('2025-06-18');
    transport.setSupportedProtocolVersions(['2025-06-18']);
    expect(inner.sent).toEqual([[ping, options]]);
    expect(inner.setProtocolVersion).toHaveBeenCalledWith('2025-06-18');
    expect(inner.setSupportedProtocolVersions).toHaveBeenCalledWith(['2025-06-18']);
    expect(transport.sessionId).toBe('session-1');
    expect(transport.hasPerRequestStream).toBe(true);
    await transport.close();
  });

  it('looks like stdio only when it is', async () => {
    const plain = await wrap(new ScriptedTransport());
    expect('stderr' in plain || 'pid' in plain).toBe(false);
    const process = Object.assign(new ScriptedTransport(), { stderr: null, pid: 1 });
    const transport = await wrap(process);
    process.pid = 42;
    expect('stderr' in transport && 'pid' in transport).toBe(true);
    expect(Reflect.get(transport, 'pid')).toBe(42);
  });

  it('that cannot be made says why', async () => {
    const making = CustomTransport.create(
      { transport: () => Promise.reject(new Error('no tunnel')) },
      recordingContext(),
    );
    expect(await failureOf(making)).toMatchObject({
      code: 'CONNECT_FAILED',
      message: 'Making the transport of server "tested": no tunnel',
    });
  });

  it('that does not start is closed', async () => {
    const inner = new ScriptedTransport();
    inner.start = () => Promise.reject(new Error('no tunnel'));
    inner.close = vi.fn(async () => inner.onclose?.());
    const transport = await wrap(inner);
    const onclose = vi.fn();
    transport.onclose = onclose;
    await expect(transport.start()).rejects.toThrow('no tunnel');
    expect(inner.close).toHaveBeenCalledTimes(1);
    expect(onclose).not.toHaveBeenCalled();
  });

  it('that starts after it was closed is closed again', async () => {
    const inner = new ScriptedTransport();
    let finish = (): void => {};
    inner.start = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    inner.close = vi.fn(async () => {});
    const transport = await wrap(inner);
    const starting = failureOf(transport.start());
    await transport.close();
    expect(await starting).toMatchObject({ code: 'CONNECT_FAILED' });
    finish();
    await expect.poll(() => inner.close).toHaveBeenCalledTimes(2);
  });

  it('that ends by itself, and says so twice, ends once', async () => {
    const inner = new ScriptedTransport();
    const transport = await wrap(inner);
    let closes = 0;
    const closed = new Promise<void>((resolve) => {
      transport.onclose = () => {
        closes++;
        resolve();
      };
    });
    await transport.start();
    inner.onclose?.();
    inner.onclose?.();
    await expect(transport.send(ping)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: false,
    });
    await closed;
    await transport.close();
    expect(closes).toBe(1);
    expect(transport.end).toEqual({ what: 'closed the connection' });
  });

  it.each([
    { title: 'rejects', close: () => Promise.reject(new Error('broken')) },
    {
      title: 'throws',
      close: () => {
        throw new Error('broken');
      },
    },
  ])('whose close $title is closed all the same', async ({ close }) => {
    const inner = new ScriptedTransport();
    inner.close = close;
    const transport = await wrap(inner);
    const onclose = vi.fn();
    transport.onclose = onclose;
    await transport.start();
    await transport.close();
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(transport.end).toBeUndefined();
  });

  it('whose close never ends is not waited for by a destroy', async () => {
    const inner = new ScriptedTransport();
    inner.close = () => new Promise(() => {});
    const transport = await wrap(inner);
    const onclose = vi.fn();
    transport.onclose = onclose;
    await transport.start();
    const closing = transport.close();
    await transport.destroy();
    await closing;
    expect(onclose).toHaveBeenCalledTimes(1);
  });
});
