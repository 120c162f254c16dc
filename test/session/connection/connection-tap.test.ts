import { describe, expect, it } from 'vitest';
import { ConnectionTap } from '../../../src/session/connection/connection-tap.ts';
import type { ManagedTransport } from '../../../src/transport/managed-transport.ts';

/** A transport whose server says what it is told to, when it is told to. */
function transport(start: () => Promise<void> = async () => {}): ManagedTransport & { starts: number } {
  const self: ManagedTransport & { starts: number } = {
    kind: 'custom',
    end: undefined,
    starts: 0,
    start: () => {
      self.starts++;
      return start();
    },
    send: async () => {},
    close: async () => {},
    destroy: async () => {},
  };
  return self;
}

const log = (data: string) => ({
  jsonrpc: '2.0' as const,
  method: 'notifications/message',
  params: { level: 'info', data },
});

describe('S9 a server that speaks before there is a client', () => {
  it('is heard by the client when that is there, in order', async () => {
    const inner = transport();
    const tap = new ConnectionTap(inner);
    await tap.start();
    for (const data of ['a', 'b', 'c']) inner.onmessage?.(log(data));
    const heard: unknown[] = [];
    tap.onmessage = (message) => heard.push(message);
    await tap.start();
    inner.onmessage?.(log('d'));
    expect(heard).toEqual(['a', 'b', 'c', 'd'].map(log));
    expect(inner.starts).toBe(1);
  });

  it('is heard once, also by a client that came while the transport started', async () => {
    let open = (): void => {};
    const inner = transport(() => new Promise((resolve) => (open = resolve)));
    const tap = new ConnectionTap(inner);
    const early = tap.start();
    inner.onmessage?.(log('a'));
    const heard: unknown[] = [];
    tap.onmessage = (message) => heard.push(message);
    const late = tap.start();
    inner.onmessage?.(log('b'));
    open();
    await Promise.all([early, late]);
    expect(heard).toEqual(['a', 'b'].map(log));
  });

  it('and could not be reached: the client hears why', async () => {
    const inner = transport(async () => {
      throw new Error('no way in');
    });
    const tap = new ConnectionTap(inner);
    await expect(tap.start()).rejects.toThrow('no way in');
    await expect(tap.start()).rejects.toThrow('no way in');
    expect(inner.starts).toBe(1);
  });
});
