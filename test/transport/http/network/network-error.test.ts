import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PlenumError } from '../../../../src/errors/plenum-error.ts';
import { HttpFetch } from '../../../../src/transport/http/network/http-fetch.ts';
import { goneBecause, networkError } from '../../../../src/transport/http/network/network-error.ts';
import { serve, unusedOrigin } from '../../../support/loopback.ts';
import { failureOf } from '../../support/official-client.ts';

async function failureAt(url: string, openTimeoutMs = 10_000): Promise<PlenumError> {
  const http = new HttpFetch({ server: 'tested', url: new URL(url), spec: { url }, openTimeoutMs });
  onTestFinished(() => http.destroy());
  const failure = await failureOf(http.fetch(url, { method: 'POST', body: '{}' }));
  if (failure instanceof PlenumError) return failure;
  throw failure;
}

function errorWith(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
}

const request = { server: 'tested', doing: 'POST', url: new URL('https://example.com/mcp?token=secret') };

describe('S8 what a failed request tells', () => {
  it('nothing listens', async () => {
    const failure = await failureAt(`${await unusedOrigin()}/mcp?token=secret`);
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false, server: 'tested' });
    expect(failure.message).toMatch(
      /^POST to http:\/\/127\.0\.0\.1:\d+ for server "tested": nothing listens there \(ECONNREFUSED\)\./,
    );
    expect(goneBecause(failure)).toContain('nothing listens');
  });

  it('nothing listens at any of the addresses of a name', async () => {
    const { port } = new URL(await unusedOrigin());
    const failure = await failureAt(`http://localhost:${port}/mcp`);
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toContain('ECONNREFUSED');
  });

  it('a host name that does not exist', async () => {
    const failure = await failureAt('http://no-such-host.invalid/mcp');
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('https: where http: is spoken', async () => {
    const { origin } = await serve((_request, response) => void response.end());
    const failure = await failureAt(origin.replace('http:', 'https:'));
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toContain('Should the URL begin with http:');
    expect(goneBecause(failure)).toBeUndefined();
  });

  it('a TLS handshake that is never answered', async () => {
    const server = createServer((socket) => void socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const failure = await failureAt(`https://127.0.0.1:${port}/mcp`, 200);
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    expect(failure.message).toContain('openTimeoutMs');
  });

  it('a connection that is reset', async () => {
    const server = await serve(() => server.dropSockets());
    const failure = await failureAt(server.url);
    expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    expect(goneBecause(failure)).toBeUndefined();
  });

  it.each([
    { code: 'EHOSTUNREACH', syscall: 'connect', maybeExecuted: false, gone: true },
    { code: 'EHOSTUNREACH', syscall: 'read', maybeExecuted: true, gone: false },
    { code: 'ETIMEDOUT', syscall: 'connect', maybeExecuted: false, gone: false },
    { code: 'EMFILE', syscall: 'connect', maybeExecuted: false, gone: false },
    { code: 'EAI_AGAIN', syscall: 'getaddrinfo', maybeExecuted: false, gone: false },
    { code: 'CERT_HAS_EXPIRED', syscall: undefined, maybeExecuted: false, gone: false },
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID', syscall: undefined, maybeExecuted: false, gone: false },
    {
      code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      syscall: undefined,
      maybeExecuted: true,
      gone: false,
    },
    { code: 'EPIPE', syscall: 'write', maybeExecuted: true, gone: false },
  ])(
    '$code on $syscall: may have run $maybeExecuted, gone $gone',
    ({ code, syscall, maybeExecuted, gone }) => {
      const thrown = new TypeError('fetch failed', { cause: new AggregateError([errorWith(code, syscall)]) });
      const failure = networkError(thrown, request);
      expect(failure).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted, cause: thrown });
      expect(failure.message).toContain(code);
      expect(failure.message).not.toContain('secret');
      expect(goneBecause(failure) !== undefined).toBe(gone);
    },
  );

  it('an error of our own is left as it is', () => {
    const own = new PlenumError('INVALID_RESULT', 'too large');
    expect(networkError(own, request)).toBe(own);
  });
});
