import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpProcess, type HttpProcess, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, connect } from '../support/clients.ts';
import { textOf } from '../../support/results.ts';
import { isRunning } from '../../support/processes.ts';

const tools: ServerScript['tools'] = [
  { name: 'echo' },
  { name: 'who', does: { type: 'whoami' } },
  { name: 'crash', does: { type: 'crash', code: 7 } },
  { name: 'leave', does: { type: 'crashAfterAnswer' } },
];
const script: ServerScript = { name: 'http', ...(tools && { tools }) };

async function start(more: ServerScript = {}): Promise<HttpProcess> {
  const server = await httpProcess({ ...script, ...more });
  onTestFinished(() => server.close());
  return server;
}

const to = (server: HttpProcess) => new StreamableHTTPClientTransport(new URL(server.url));

describe.each(ERAS)('testing kit: an HTTP server in a child process, $era', ({ mode }) => {
  it('is killed, and comes back on the same port', async () => {
    const server = await start();
    const { url, pid } = server;
    const client = await connect(to(server), mode);
    expect(JSON.parse(textOf(await client.callTool({ name: 'who' })))).toMatchObject({ name: 'http', pid });
    await server.kill();
    expect(server.pid).toBeUndefined();
    await expect(client.callTool({ name: 'echo' })).rejects.toThrow();
    await server.restart();
    expect(server.url).toBe(url);
    const again = await connect(to(server), mode);
    expect(JSON.parse(textOf(await again.callTool({ name: 'who' })))).toMatchObject({ pid: server.pid });
  });

  it('is driven and looked into from here', async () => {
    const server = await start();
    await server.control({ command: 'setTools', tools: [{ name: 'new' }] });
    const client = await connect(to(server), mode);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['new']);
    expect(await server.inspect()).toMatchObject({
      pid: server.pid,
      requests: expect.arrayContaining([expect.objectContaining({ method: 'tools/list' })]),
    });
  });

  it('dies of its own tools', async () => {
    const server = await start();
    const client = await connect(to(server), mode);
    expect(textOf(await client.callTool({ name: 'leave' }))).toBe('{}');
    await expect.poll(() => server.pid).toBeUndefined();
    await server.restart();
    const other = await connect(to(server), mode);
    await expect(other.callTool({ name: 'crash' })).rejects.toThrow();
    await expect.poll(() => server.pid).toBeUndefined();
    await expect(server.inspect()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('testing kit: the life of an HTTP server in a child process', () => {
  it('one that does not come up says why', async () => {
    const failing = httpProcess({ faults: { exitAtStart: { code: 3, stderr: 'no key' } } });
    await expect(failing).rejects.toMatchObject({
      code: 'CONNECT_FAILED',
      message: expect.stringMatching(/code 3\.\nno key/),
    });
  });

  it('options and commands that are none are refused', async () => {
    await expect(httpProcess({}, { port: 1.5 })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const server = await start();
    await expect(server.control({ command: 'no' } as never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  it('is gone after close', async () => {
    const server = await start();
    const { pid = 0 } = server;
    await server.close();
    await server.close();
    expect(isRunning(pid)).toBe(false);
  });
});
