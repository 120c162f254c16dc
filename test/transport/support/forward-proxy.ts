import { createServer, request as sendRequest } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface ForwardProxy {
  /** With these credentials in it, if any were asked for. */
  readonly url: string;
  /** Hosts that were asked for, in the order of the requests. */
  readonly asked: readonly string[];
}

/** A forward proxy on loopback, for tunnels and for plain requests, which ends with the test. */
export async function forwardProxy(credentials?: string): Promise<ForwardProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const server = createServer((request, response) => {
    const target = new URL(request.url ?? '');
    asked.push(target.host);
    if (request.headers['proxy-authorization'] !== wanted) return void response.writeHead(407).end();
    const { 'proxy-authorization': _, ...headers } = request.headers;
    const onward = sendRequest(target, { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    const [host = '', port = '443'] = (request.url ?? '').split(':');
    asked.push(request.url ?? '');
    if (request.headers['proxy-authorization'] !== wanted)
      return void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    sockets.add(onward);
    for (const each of [onward, socket]) each.on('error', () => socket.destroy());
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://${credentials === undefined ? '' : `${credentials}@`}127.0.0.1:${port}`, asked };
}
