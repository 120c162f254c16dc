import { describe, expect, it } from 'vitest';
import { failureOf } from '../../support/failures.ts';
import { connectBeside } from '../../support/neighbour.ts';
import { eventually } from '../../support/eventually.ts';
import { open } from '../support/open.ts';
import { CASES, FORGOTTEN, said, serveForgetful, times, WAYS } from './forgetful.ts';

const protocol = 'legacy';
const reconnect = { delayMs: 10, maxDelayMs: 20 };

describe.each(CASES)('R2 a session that the server has forgotten ($way, $answers)', ({ way, answers }) => {
  it.each(Object.entries(FORGOTTEN))('%s: is opened anew, and the call runs once', async (_how, words) => {
    const server = await serveForgetful(answers);
    const { group, expectUntouched } = await connectBeside({
      servers: { peer: { url: server.url, type: 'http', ...WAYS[way] } },
      protocol,
      reconnect,
    });
    const session = group.session('peer');
    await session.callTool('any');
    server.forget(words);
    expect(await session.callTool('any')).toMatchObject({ content: [{ text: '2' }] });
    expect(session.status.state).toBe('ready');
    expect(server.ran).toBe(2);
    expect(server.sessions.size).toBe(1);
    await expectUntouched();
  });

  it('is opened anew once for many calls', async () => {
    const server = await serveForgetful(answers);
    const { session } = await open({ url: server.url, type: 'http', ...WAYS[way] }, { protocol, reconnect });
    server.forget({ status: 400, body: said('No valid session ID provided') });
    await Promise.all(Array.from({ length: 30 }, () => session.callTool('any')));
    expect(server.ran).toBe(30);
    expect(times(server, 'initialize')).toBe(2);
    expect(times(server, 'ping')).toBe(1);
  });
});

describe.each(CASES)('R2 a session that the server knows ($way, $answers)', ({ way, answers }) => {
  it.each(Object.entries(FORGOTTEN))(
    'is kept, whatever a request is refused with: %s',
    async (how, words) => {
      // Without a JSON-RPC error that answers the request, the specification leaves no choice.
      if (how === '404 without a word' || how === '404 with an error without an id') return;
      const server = await serveForgetful(answers);
      const { session, states } = await open(
        { url: server.url, type: 'http', ...WAYS[way] },
        { protocol, reconnect },
      );
      server.refuse = ({ method }) => (method === 'tools/call' ? words : undefined);
      for (let call = 0; call < 20; call++) {
        const error = await failureOf(session.callTool('any'));
        expect(['PROTOCOL', 'AUTH_REQUIRED']).toContain(error.code);
      }
      expect(times(server, 'initialize')).toBe(1);
      // A flood of refusals costs no more than a question a second.
      expect(times(server, 'ping')).toBeLessThan(10);
      expect(states()).toEqual([]);
      server.refuse = () => undefined;
      await session.callTool('any');
      expect(server.ran).toBe(1);
    },
  );
});

describe('R2 a request that a forgotten session may have run', () => {
  it('is not repeated, and its error is honest; the next one meets a new session', async () => {
    const server = await serveForgetful('json');
    const { session } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    server.refuse = ({ method }) => {
      if (method !== 'tools/call') return undefined;
      server.forget({ status: 400, body: said('No valid session ID provided') });
      server.refuse = () => undefined;
      return { status: 400, body: said('The tool did half of its work') };
    };
    const error = await failureOf(session.callTool('any'));
    expect(error).toMatchObject({ code: 'PROTOCOL', data: { status: 400 }, maybeExecuted: true });
    expect(server.ran).toBe(0);
    await session.callTool('any');
    expect(times(server, 'initialize')).toBe(2);
    expect(server.ran).toBe(1);
  });

  it('fails in the end when every session is forgotten at once', async () => {
    const server = await serveForgetful('json');
    const words = { status: 400, body: said('No valid session ID provided') };
    server.refuse = () => words;
    const { session } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    const error = await failureOf(session.callTool('any'));
    expect(error).toMatchObject({ code: 'SESSION_EXPIRED', maybeExecuted: false });
    expect(times(server, 'initialize')).toBeLessThanOrEqual(3);
  });
});

describe('R2 a refusal that speaks of credentials', () => {
  it.each(Object.entries(WAYS))(
    'does not cost the session when the credentials are at fault, %s',
    async (_way, spec) => {
      let token = 'old-token';
      const server = await serveForgetful('json', { token: 'old-token' });
      const { session, states } = await open(
        { url: server.url, type: 'http', auth: { token: async () => token }, ...spec },
        { protocol, reconnect },
      );
      token = 'new-token';
      expect(await failureOf(session.callTool('any'))).toMatchObject({ code: 'AUTH_REQUIRED' });
      token = 'old-token';
      await session.callTool('any');
      expect(times(server, 'initialize')).toBeLessThanOrEqual(2);
      expect(states()).toEqual([]);
    },
  );

  it('costs the session when new credentials do not help, though the server takes them', async () => {
    let asked = 0;
    const auth = {
      token: async () => 'token',
      onUnauthorized: async () => {
        asked++;
      },
    };
    const server = await serveForgetful('json', { token: 'token' });
    const { session } = await open({ url: server.url, type: 'http', auth }, { protocol, reconnect });
    server.forget({ status: 401, body: said('Unauthorized: Session not found') });
    expect(await session.callTool('any')).toMatchObject({ content: [{ text: '1' }] });
    expect(asked).toBeGreaterThanOrEqual(1);
    expect(server.ran).toBe(1);
    expect(server.sessions.size).toBe(1);
  });

  it('leaves no session behind that was opened to find out', async () => {
    const server = await serveForgetful('json');
    const { session } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    server.forget({ status: 401, body: said('Unauthorized: Session not found') });
    await session.callTool('any');
    expect(server.sessions.size).toBe(1);
  });
});

describe('R2 the stream of a forgotten session', () => {
  it.each([
    ['400', { status: 400, body: said('No valid session ID provided') }],
    ['401', { status: 401, body: said('Unauthorized: Session not found') }],
    ['410', { status: 410, body: said('Gone') }],
  ])('is refused with %s: the session is opened anew before any call', async (_status, words) => {
    const server = await serveForgetful('json');
    const { session, states } = await open({ url: server.url, type: 'http' }, { protocol, reconnect });
    await eventually('the stream', () => times(server, 'GET') === 1);
    server.forget(words);
    // The check after a 401 opens a session of its own, too, and ends it.
    await eventually('the loss', () => states().includes('reconnecting'));
    await eventually('the new session', () => server.sessions.size === 1 && session.status.state === 'ready');
    expect(times(server, 'tools/call')).toBe(0);
  });
});
