import { once } from 'node:events';
import { connect as dial, createServer, type AddressInfo, type Socket } from 'node:net';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TcpProxy, serveHttp, serveWebSocket } from '../../../src/testing/index.ts';
import { WebSocketTransport, connect } from '../support/clients.ts';
import { textOf } from '../../support/results.ts';
import { eventually } from '../../support/eventually.ts';

/** A server that sends back what it gets, behind a proxy. */
async function echoBehindProxy(): Promise<TcpProxy> {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy = await TcpProxy.listen({ target: { host: '127.0.0.1', port } });
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return proxy;
}

class Wire {
  readonly socket: Socket;
  received = '';
  error: NodeJS.ErrnoException | undefined;

  constructor(proxy: TcpProxy) {
    this.socket = dial(proxy.port, '127.0.0.1');
    this.socket.on('data', (chunk) => (this.received += chunk));
    this.socket.on('error', (error) => (this.error = error));
    onTestFinished(() => void this.socket.destroy());
  }

  async hears(text: string): Promise<void> {
    await eventually(
      () => `"${text}", heard only ${this.received.slice(0, 100)}`,
      () => this.received.endsWith(text),
    );
  }
}

describe('testing kit: a TCP proxy', () => {
  it('lets bytes through, both ways, and their end', async () => {
    const wire = new Wire(await echoBehindProxy());
    wire.socket.end('hello');
    await once(wire.socket, 'close');
    expect(wire.received).toBe('hello');
  });

  it('cuts every connection with a reset, and takes new ones', async () => {
    const proxy = await echoBehindProxy();
    const wires = [new Wire(proxy), new Wire(proxy)];
    wires.forEach(({ socket }) => socket.write('a'));
    await Promise.all(wires.map((wire) => wire.hears('a')));
    expect(proxy.connections).toBe(2);
    proxy.cut();
    await expect.poll(() => wires.map(({ error }) => error?.code)).toEqual(['ECONNRESET', 'ECONNRESET']);
    await expect.poll(() => proxy.connections).toBe(0);
    const next = new Wire(proxy);
    next.socket.write('b');
    await next.hears('b');
  });

  it('refuses connections, leaving open ones alone, and accepts again on the same port', async () => {
    const proxy = await echoBehindProxy();
    const { port } = proxy;
    const open = new Wire(proxy);
    open.socket.write('a');
    await open.hears('a');
    await proxy.refuse();
    const refused = new Wire(proxy);
    await expect.poll(() => refused.error?.code).toBe('ECONNREFUSED');
    open.socket.write('b');
    await open.hears('ab');
    await proxy.accept();
    expect(proxy.port).toBe(port);
    const next = new Wire(proxy);
    next.socket.write('c');
    await next.hears('c');
  });

  it('holds every byte back while it is stalled, new connections included', async () => {
    const proxy = await echoBehindProxy();
    const wire = new Wire(proxy);
    wire.socket.write('a');
    await wire.hears('a');
    proxy.stall();
    wire.socket.write('b');
    const other = new Wire(proxy);
    other.socket.write('c');
    await expect.poll(() => proxy.connections).toBe(2);
    expect([wire.received, other.received]).toEqual(['a', '']);
    proxy.resume();
    await wire.hears('ab');
    await other.hears('c');
  });

  it('a stalled proxy pushes back on a sender that does not stop', async () => {
    const proxy = await echoBehindProxy();
    const wire = new Wire(proxy);
    proxy.stall();
    const block = Buffer.alloc(1_000_000, 'x');
    const blocks = 20;
    for (let n = 0; n < blocks; n++) wire.socket.write(block);
    await expect.poll(() => wire.socket.writableNeedDrain).toBe(true);
    proxy.resume();
    await expect.poll(() => wire.received).toHaveLength(blocks * block.length);
  });

  it('pushes back on a sender whose receiver does not read', async () => {
    const wire = new Wire(await echoBehindProxy());
    wire.socket.pause();
    const block = Buffer.alloc(1_000_000, 'x');
    // More than all the buffers on the way can hold, unless one of them has no limit.
    const blocks = 40;
    for (let n = 0; n < blocks; n++) wire.socket.write(block);
    let before = Infinity;
    while (wire.socket.writableLength < before) {
      before = wire.socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(before).toBeGreaterThan(0);
    wire.socket.resume();
    await expect.poll(() => wire.received).toHaveLength(blocks * block.length);
  });

  it('throttles, and stops throttling', async () => {
    const proxy = await echoBehindProxy();
    proxy.throttle(20_000);
    const wire = new Wire(proxy);
    const started = performance.now();
    wire.socket.write('x'.repeat(4000));
    await wire.hears('x'.repeat(4000));
    // A tick or two early is no fault.
    expect(performance.now() - started).toBeGreaterThan(150);
    proxy.throttle(Infinity);
    wire.socket.write('y'.repeat(1_000_000));
    await wire.hears('y'.repeat(1_000_000));
  });

  it('what is held back by a throttle arrives, although its sender has left', async () => {
    const proxy = await echoBehindProxy();
    proxy.throttle(20_000);
    const wire = new Wire(proxy);
    wire.socket.end('x'.repeat(2000));
    await once(wire.socket, 'close');
    expect(wire.received).toHaveLength(2000);
  });

  it('close ends everything, twice too', async () => {
    const proxy = await echoBehindProxy();
    const wire = new Wire(proxy);
    wire.socket.write('a');
    await wire.hears('a');
    await Promise.all([proxy.close(), proxy.close()]);
    await expect.poll(() => wire.socket.destroyed).toBe(true);
    expect(proxy.connections).toBe(0);
  });

  it('a target that is none is refused, and so is no speed at all', async () => {
    await expect(TcpProxy.listen({ target: 'nowhere' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const proxy = await echoBehindProxy();
    expect(() => proxy.throttle(0)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('a target where nobody listens resets the connection', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    const proxy = await TcpProxy.listen({ target: { host: '127.0.0.1', port } });
    onTestFinished(() => proxy.close());
    const wire = new Wire(proxy);
    await expect.poll(() => wire.error?.code).toBe('ECONNRESET');
    expect(proxy.connections).toBe(0);
  });
});

describe('testing kit: a proxy before a scripted server', () => {
  it('has the URL of the server, but for the port', async () => {
    const server = await serveHttp({ tools: [{ name: 'echo' }] });
    const proxy = await TcpProxy.listen({ target: server.url });
    onTestFinished(() => proxy.close());
    onTestFinished(() => server.close());
    expect(proxy.url).toBe(server.url.replace(String(server.port), String(proxy.port)));
    const client = await connect(new StreamableHTTPClientTransport(new URL(proxy.url)), 'auto');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { a: 1 } }))).toBe('{"a":1}');
  });

  it('cuts a WebSocket', async () => {
    const server = await serveWebSocket({ tools: [{ name: 'echo' }] });
    const proxy = await TcpProxy.listen({ target: server.url });
    onTestFinished(() => proxy.close());
    onTestFinished(() => server.close());
    const transport = new WebSocketTransport(proxy.url);
    const client = await connect(transport);
    await client.callTool({ name: 'echo' });
    proxy.cut();
    await expect.poll(() => transport.closeCode).toBe(1006);
    await expect.poll(() => server.openSockets).toBe(0);
  });
});
