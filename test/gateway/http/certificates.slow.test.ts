import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../../support/folders.ts';
import { local } from '../../support/servers.ts';
import { listening } from '../support.ts';

const FIXTURES = resolve(import.meta.dirname, '../../fixtures/tls');

/** The certificate that a new connection is shown. */
async function shownAt(url: string): Promise<string> {
  return new Promise((done, fail) => {
    const { port } = new URL(url);
    const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
      done(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', fail);
  });
}

describe('a certificate that is renewed', () => {
  it('is shown to new connections without a restart, once key and certificate fit', async () => {
    const folder = newFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    copyFileSync(join(FIXTURES, 'server-key.pem'), key);
    copyFileSync(join(FIXTURES, 'server.pem'), cert);
    const { url } = await listening({ servers: { a: { server: local() } }, tls: { key, cert } });
    const before = await shownAt(url);
    copyFileSync(join(FIXTURES, 'client.pem'), cert);
    expect(await shownAt(url)).toBe(before);
    copyFileSync(join(FIXTURES, 'client-key.pem'), key);
    await expect.poll(() => shownAt(url), { timeout: 60_000 }).not.toBe(before);
  });
});
