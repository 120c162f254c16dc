import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import { bearer, oauth } from '../../../src/auth/index.ts';
import { serveSse, serveWebSocket, stdioSpec, type WhoAmI } from '../../../src/testing/index.ts';
import { PlenumError, type ServerSpec } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { newFolder } from '../../support/folders.ts';
import { newSession } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { http } from '../../support/servers.ts';
import { forwardProxy } from '../../transport/support/forward-proxy.ts';
import { desk } from './desk.ts';
import { testRows } from './rows.ts';

const script = {
  tools: [{ name: 'echo' }, { name: 'whoami', does: { type: 'whoami' as const } }],
};

/** What a server knows of itself and of its client. */
async function whoAmI(spec: ServerSpec): Promise<WhoAmI> {
  const session = await newSession(spec);
  return jsonOf(await session.callTool('whoami')) as WhoAmI;
}

testRows('Python SDK: the stream factories', (row) => {
  row('`stdio_client(StdioServerParameters(command=…, args=…, env=…, cwd=…))`', async () => {
    const { command, args } = stdioSpec(script);
    const cwd = newFolder();
    expect(await whoAmI({ command, args, env: { MINE: '1' }, cwd })).toMatchObject({
      cwd,
      env: { MINE: '1' },
    });
  });

  row("`StdioServerParameters(encoding=…, encoding_error_handler='replace')`", async () => {
    const { command, args } = stdioSpec({ ...script, encoding: 'latin1' });
    const encoding = 'latin1';
    const session = await newSession({ command, args, encoding, encodingErrors: 'replace' });
    expect(textOf(await session.callTool('echo', { a: 'é' }))).toBe('{"a":"é"}');
  });

  row('`stdio_client(params, errlog=file)`', async () => {
    const { command, args } = stdioSpec({ ...script, faults: { stderr: 'hello\n' } });
    const stream = new PassThrough();
    const session = await newSession({ command, args, stderr: stream });
    await session.close();
    stream.end();
    expect(await text(stream)).toBe('hello\n');
  });

  row('`get_default_environment()`', async () => {
    process.env['PLENUM_ROW'] = '1';
    onTestFinished(() => void delete process.env['PLENUM_ROW']);
    const least = await whoAmI(stdioSpec(script));
    expect(least.env).toHaveProperty('PATH');
    expect(least.env).not.toHaveProperty('PLENUM_ROW');
    const all = await whoAmI({ ...stdioSpec(script), inheritEnv: true });
    expect(all.env).toHaveProperty('PLENUM_ROW');
  });

  row('`streamablehttp_client(url, headers=…)` (1.x)', async () => {
    const { url } = await http(script);
    const headers = { 'x-mine': '1' };
    expect(await whoAmI({ url, type: 'http', headers })).toMatchObject({ headers });
  });

  row('`streamable_http_client(url, http_client=…)`, `httpx_client_factory=…`', async () => {
    const { url } = await http(script);
    let asked = 0;
    const own: typeof fetch = (...args) => {
      asked += 1;
      return fetch(...args);
    };
    await whoAmI({ url, type: 'http', fetch: own });
    expect(asked).toBeGreaterThan(0);
    const proxy = await forwardProxy();
    await whoAmI({ url, type: 'http', proxy: proxy.url, tls: {} });
    expect(proxy.asked).not.toEqual([]);
  });

  row('`timeout=…`, `sse_read_timeout=…`, `terminate_on_close=…`', async () => {
    const server = await http(script);
    const limits = { openTimeoutMs: 1_000, readTimeoutMs: 60_000, terminateSession: false };
    expect(await whoAmI({ url: server.url, ...limits })).toMatchObject({ connection: 1 });
  });

  row('`auth=httpx.Auth(…)`, `OAuthClientProvider(…)`', async () => {
    const { url } = await http(script, { token: 's3cret' });
    expect(await whoAmI({ url, auth: bearer('s3cret') })).toMatchObject({ connection: 1 });
    expect(oauth({ clientId: 'mine' })).toHaveProperty('token');
  });

  row('`get_session_id()` (1.x), `on_session_created=…`', async () => {
    const server = await http({ ...script, era: 'legacy' });
    const session = await newSession(server.url);
    const before = jsonOf(await session.callTool('whoami')) as WhoAmI;
    server.expireSessions();
    const after = jsonOf(await session.callTool('whoami')) as WhoAmI;
    expect(after.sessionId).not.toBe(before.sessionId);
  });

  row('`except StreamableHTTPError`, `except ResumptionError`', async () => {
    const server = await http({ ...script, era: 'legacy' });
    const session = await newSession(server.url);
    server.setFaults({ httpStatus: { status: 500, httpMethod: 'POST' } });
    const error = await failureOf(session.callTool('echo'));
    expect(error).toBeInstanceOf(PlenumError);
    expect(error).toMatchObject({ code: 'PROTOCOL', data: { status: 500 } });
  });

  row('`sse_client(url, headers=…)`', async () => {
    const server = await serveSse(script);
    onTestFinished(() => server.close());
    const headers = { 'x-mine': '1' };
    expect(await whoAmI({ url: server.url, type: 'sse', headers })).toMatchObject({ headers });
  });

  row('`websocket_client(url)` (1.x)', async () => {
    const server = await serveWebSocket(script);
    onTestFinished(() => server.close());
    expect(server.url).toMatch(/^ws:/);
    expect(await whoAmI({ url: server.url })).toMatchObject({ connection: 1 });
  });

  row('`create_connected_server_and_client_session(server)` (1.x)', async () => {
    const server = desk();
    const session = await newSession({ server });
    expect(session.serverInfo?.name).toBe('desk');
  });
});
