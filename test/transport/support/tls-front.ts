import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

const pem = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, '../../fixtures/tls', `${name}.pem`), 'utf8');

export const authority = pem('authority');
export const clientIdentity = { cert: pem('client'), key: pem('client-key') };

/** TLS in front of a server on loopback; returns the origin to use. Ends with the test. */
export async function tlsFront(target: URL, options: { asksForIdentity?: boolean } = {}): Promise<string> {
  const sockets = new Set<TLSSocket>();
  const server = createServer(
    {
      cert: pem('server'),
      key: pem('server-key'),
      ca: authority,
      requestCert: options.asksForIdentity === true,
      rejectUnauthorized: options.asksForIdentity === true,
    },
    (socket) => {
      const onward = connect(Number(target.port), target.hostname);
      sockets.add(socket);
      for (const each of [socket, onward]) each.on('error', () => socket.destroy());
      onward.on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
      socket.pipe(onward).pipe(socket);
    },
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
