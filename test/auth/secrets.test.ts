import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../src/index.ts';
import { bearer, memoryTokenStore, oauth } from '../../src/auth/index.ts';
import { watch } from '../session/support/open.ts';
import { serve } from '../support/loopback.ts';
import { openWith, personWith, startProtected } from '../support/sign-in/protected-server.ts';
import { failureOf } from '../support/failures.ts';

/** Everything that a program could write to a log of `values`. */
function logged(...values: unknown[]): string {
  return values
    .flatMap((value) => [
      inspect(value, { depth: Infinity, showHidden: true, getters: true }),
      stringified(value),
    ])
    .join('\n');
}

function stringified(value: unknown): string {
  try {
    return `${String(value)} ${JSON.stringify(value)}`;
  } catch {
    return '';
  }
}

/** What this process writes until the test ends. */
function captureOutput(): { readonly text: string } {
  const output = { text: '' };
  for (const stream of [process.stdout, process.stderr]) {
    const { write } = stream;
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
      output.text += String(chunk);
      return Reflect.apply(write, stream, [chunk, ...rest]) as boolean;
    };
    onTestFinished(() => {
      stream.write = write;
    });
  }
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const before = console[method];
    console[method] = (...args: unknown[]) => {
      output.text += logged(...args);
    };
    onTestFinished(() => {
      console[method] = before;
    });
  }
  return output;
}

function expectNone(text: string, secrets: readonly string[]): void {
  expect(secrets.length).toBeGreaterThan(0);
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
}

describe('threat: a secret in an error, an event, a log or a look at an object', () => {
  it('of a person: login, step-up, refresh, a login that fails after them', async () => {
    const output = captureOutput();
    const server = await startProtected({ writeScope: 'mcp:write' });
    const store = memoryTokenStore();
    const { auth, events } = personWith({ store });
    const credentials = auth.forServer(server.url);
    const session = await openWith(server.url, auth);
    const { events: sessionEvents } = watch(session);
    await session.callTool('write');
    server.expireTokens();
    await session.callTool('read');
    await server.authorizationServer.revokeRefreshTokens();
    server.expireTokens();
    const quiet = personWith({ store, interactive: false }).auth;
    const error = await failureOf(openSession({ url: server.url, auth: quiet }));
    expect(error.code).toBe('AUTH_REQUIRED');

    const status = await credentials.status();
    const { issued, grants } = server.authorizationServer;
    expect(new Set(grants)).toEqual(new Set(['authorization_code', 'refresh_token']));
    const text = logged(
      auth,
      credentials,
      store,
      events,
      sessionEvents,
      session,
      session.status,
      error,
      status,
    );
    expectNone(text + output.text, issued);
  });

  it('of a machine, whose authorization server repeats what it was sent', async () => {
    const output = captureOutput();
    const parrot = await serve((request, response, body) => {
      const { origin } = parrot;
      response.setHeader('content-type', 'application/json');
      if (request.url === '/.well-known/oauth-authorization-server') {
        const endpoints = { authorization_endpoint: `${origin}/a`, token_endpoint: `${origin}/token` };
        const auth = { token_endpoint_auth_methods_supported: ['client_secret_post'] };
        response.end(
          JSON.stringify({ issuer: origin, response_types_supported: ['code'], ...endpoints, ...auth }),
        );
        return;
      }
      response.statusCode = request.url === '/token' ? 400 : 401;
      response.end(request.url === '/token' ? JSON.stringify({ error: 'no', error_description: body }) : '');
    });
    const clientSecret = 'a-secret-for-the-test';
    const auth = oauth({ grant: 'client_credentials', clientId: 'machine', clientSecret });
    const error = await failureOf(openSession({ url: parrot.url, auth }, { reconnect: false }));
    expect(error.code).toBe('AUTH_REQUIRED');
    expect(parrot.seen.some(({ body }) => body.includes(clientSecret))).toBe(true);
    expectNone(logged(auth, auth.forServer(parrot.url), error) + output.text, [clientSecret]);
  });

  it('of a bearer token that is refused', async () => {
    const output = captureOutput();
    const server = await serve((_, response) => {
      response.statusCode = 401;
      response.end();
    });
    const auth = bearer('open-sesame');
    const error = await failureOf(openSession({ url: server.url, auth }));
    expect(server.seen[0]?.headers.authorization).toBe('Bearer open-sesame');
    expectNone(logged(auth, error, { spec: { auth } }) + output.text, ['open-sesame']);
  });
});
