import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { BaseTransport } from '../../src/transport/base-transport.ts';
import type { TransportEnd } from '../../src/transport/managed-transport.ts';

const ping: JSONRPCMessage = { jsonrpc: '2.0', id: 1, method: 'ping' };

/** Does as it is told, and writes down what is asked of it. */
class ScriptedTransport extends BaseTransport {
  readonly kind = 'custom';
  readonly steps: string[] = [];
  opening: () => Promise<void> = async () => {};
  shutting: (force: AbortSignal) => Promise<void> = async () => {};

  constructor() {
    super('tested');
    this.onclose = () => this.steps.push('onclose');
  }

  protected async open(): Promise<void> {
    await this.opening();
  }

  protected async transmit(): Promise<void> {
    this.steps.push('sent');
  }

  protected async shut(force: AbortSignal): Promise<void> {
    this.steps.push(force.aborted ? 'shut by force' : 'shut');
    await this.shutting(force);
  }

  receive(message: JSONRPCMessage): void {
    this.deliver(message);
  }

  lost(end: TransportEnd): void {
    this.endWith(end);
  }
}

describe('G14 the life of a transport', () => {
  it('start, send, close', async () => {
    const transport = new ScriptedTransport();
    await transport.start();
    await transport.send(ping);
    await transport.close();
    expect(transport.steps).toEqual(['sent', 'shut', 'onclose']);
  });

  it('nothing is sent before the start or after the end', async () => {
    const transport = new ScriptedTransport();
    const refusal = { code: 'CONNECTION_LOST', maybeExecuted: false, server: 'tested' };
    await expect(transport.send(ping)).rejects.toMatchObject(refusal);
    await transport.start();
    await transport.close();
    await expect(transport.send(ping)).rejects.toMatchObject(refusal);
    expect(transport.steps).not.toContain('sent');
  });

  it('starts once', async () => {
    const transport = new ScriptedTransport();
    await transport.start();
    await expect(transport.start()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await transport.close();
    await expect(transport.start()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });

  it('ends once, however often and from wherever it is told to', async () => {
    const transport = new ScriptedTransport();
    await transport.start();
    transport.onclose = () => {
      transport.steps.push('onclose');
      void transport.close();
      void transport.destroy();
    };
    await Promise.all([transport.close(), transport.close(), transport.destroy()]);
    await transport.destroy();
    await transport.close();
    expect(transport.steps).toEqual(['shut', 'onclose']);
  });

  it('destroy cuts a close short', async () => {
    const transport = new ScriptedTransport();
    transport.shutting = (force) =>
      new Promise((resolve) => force.addEventListener('abort', () => resolve()));
    await transport.start();
    const closing = transport.close();
    await transport.destroy();
    await closing;
    expect(transport.steps).toEqual(['shut', 'onclose']);
  });

  it('a start that fails is undone, without onclose', async () => {
    const transport = new ScriptedTransport();
    transport.opening = () => Promise.reject(new Error('no luck'));
    await expect(transport.start()).rejects.toThrow('no luck');
    await transport.close();
    expect(transport.steps).toEqual(['shut by force']);
  });

  it('a start that never ends is ended by a close', async () => {
    const transport = new ScriptedTransport();
    transport.opening = () => new Promise(() => {});
    const starting = transport.start();
    await Promise.all([
      expect(starting).rejects.toMatchObject({
        code: 'CONNECT_FAILED',
        message: expect.stringContaining('closed meanwhile'),
      }),
      transport.close(),
    ]);
    expect(transport.steps).toEqual(['shut']);
  });

  it('a peer that leaves during the start fails it', async () => {
    const transport = new ScriptedTransport();
    transport.opening = async () => transport.lost({ what: 'left' });
    await expect(transport.start()).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringContaining('the server left'),
    });
    expect(transport.steps).toEqual(['shut by force']);
  });

  it('a peer that leaves ends it a turn later, and nothing is sent meanwhile', async () => {
    const transport = new ScriptedTransport();
    await transport.start();
    transport.lost({ what: 'left' });
    transport.lost({ what: 'left again' });
    expect(transport.end).toEqual({ what: 'left' });
    await expect(transport.send(ping)).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      maybeExecuted: false,
    });
    expect(transport.steps).toEqual([]);
    await expect.poll(() => transport.steps).toEqual(['shut by force', 'onclose']);
  });

  it('a close of our own is no loss', async () => {
    const transport = new ScriptedTransport();
    transport.shutting = async () => transport.lost({ what: 'left' });
    await transport.start();
    await transport.close();
    expect(transport.end).toBeUndefined();
  });

  it('a shut that fails and a handler that throws do not keep it from ending', async () => {
    const transport = new ScriptedTransport();
    const errors: string[] = [];
    transport.shutting = () => Promise.reject(new Error('shut failed'));
    transport.onclose = () => {
      throw new Error('handler failed');
    };
    transport.onerror = (error) => errors.push(error.message);
    await transport.start();
    await transport.close();
    expect(errors).toEqual(['shut failed', 'handler failed']);
  });

  it('a message handler that throws is reported, and no message comes after the end', async () => {
    const transport = new ScriptedTransport();
    const errors: string[] = [];
    transport.onerror = (error) => errors.push(error.message);
    transport.onmessage = () => {
      throw new Error('handler failed');
    };
    await transport.start();
    transport.receive(ping);
    await transport.close();
    transport.receive(ping);
    expect(errors).toEqual(['handler failed']);
  });
});
