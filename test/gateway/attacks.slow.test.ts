import type { Client } from '@modelcontextprotocol/client';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stdioSpec, type ScriptedTool } from '../../src/testing/index.ts';
import { ledgerFile } from '../support/folders.ts';
import { runningPids, startedPids } from '../support/processes.ts';
import { http, local, tools } from '../support/servers.ts';
import { INITIALIZE, listening, official, openSession, post } from './support.ts';

describe('R5 the process of a gateway', () => {
  it('leaves no server behind when it is killed', async () => {
    const ledger = ledgerFile();
    const spec = stdioSpec({ tools: tools('echo'), ledgerFile: ledger });
    const entry = pathToFileURL('dist/gateway/index.js').href;
    const program = `
      import { createGateway } from ${JSON.stringify(entry)};
      const gateway = await createGateway({ servers: { s: ${JSON.stringify(spec)} } });
      console.log((await gateway.listen({ port: 0 })).url);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [url] = await once(createInterface(child.stdout), 'line');
    const client = await official(String(url));
    await client.callTool({ name: 's__echo', arguments: {} });
    expect(startedPids(ledger).length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await expect.poll(() => runningPids(ledger)).toEqual([]);
  });
});

describe('ten thousand sessions that were opened and left', () => {
  const MOST = 10_000;
  const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 's__echo', arguments: {} } };

  it('take little memory; one more is refused, and a client that is there is served', async () => {
    // The gateway has a process of its own, so that its memory is that of the sessions.
    const entry = pathToFileURL('dist/gateway/index.js').href;
    const testing = pathToFileURL('dist/testing/index.js').href;
    const program = `
      import { createGateway } from ${JSON.stringify(entry)};
      import { inProcess } from ${JSON.stringify(testing)};
      const server = inProcess({ tools: [{ name: 'echo' }] });
      const sessions = { max: ${MOST}, maxPerPrincipal: ${MOST} };
      const gateway = await createGateway({ servers: { s: { server } }, sessions });
      console.log((await gateway.listen({ port: 0 })).url);
      process.stdin.on('data', () => {
        gc();
        console.log(JSON.stringify({ clients: gateway.clients.size, heap: process.memoryUsage().heapUsed }));
      });
    `;
    const child = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface(child.stdout);
    const [url] = (await once(lines, 'line')) as [string];
    const state = async (): Promise<{ clients: number; heap: number }> => {
      const line = once(lines, 'line');
      child.stdin.write('?');
      return JSON.parse(String((await line)[0])) as { clients: number; heap: number };
    };
    const mine = { 'mcp-session-id': await openSession(url) };
    for (let at = 0; at < 100; at++) await openSession(url);
    const before = await state();
    while ((await state()).clients < MOST) {
      const left = Math.min(500, MOST - (await state()).clients);
      await Promise.all(Array.from({ length: left }, () => openSession(url)));
      expect(await (await post(url, call, mine)).text()).toContain('"content"');
    }
    const after = await state();
    expect((after.heap - before.heap) / (after.clients - before.clients)).toBeLessThan(20 * 1024);
    const surplus = await post(url, INITIALIZE);
    expect(surplus.status).toBe(503);
    await surplus.text();
    expect(await (await post(url, call, mine)).text()).toContain('"content"');
  });

  it('end, and a client that stays is served all the time', async () => {
    const { gateway, url } = await listening({
      servers: { s: { server: local({ tools: tools('echo') }) } },
      sessions: { idleMs: 2_000, maxPerPrincipal: 10_000 },
    });
    const mine = { 'mcp-session-id': await openSession(url) };
    // With an open stream it is not idle, however busy the machine is.
    const stream = await fetch(url, { headers: { ...mine, accept: 'text/event-stream' } });
    for (let at = 0; at < 2_000; at += 20) {
      await Promise.all(Array.from({ length: 20 }, () => openSession(url)));
      expect(await (await post(url, call, mine)).text()).toContain('"content"');
    }
    await expect.poll(() => gateway.clients.size, { timeout: 60_000 }).toBe(1);
    await stream.body?.cancel();
    await expect.poll(() => gateway.clients.size).toBe(0);
  });
});

describe('a client that never answers', () => {
  const form = { mode: 'form', message: '?', requestedSchema: { type: 'object', properties: {} } };
  const asking: ScriptedTool[] = [{ name: 'ask', does: { type: 'elicit', params: form } }, { name: 'echo' }];

  for (const era of ['legacy', 'modern'] as const)
    it(`a ${era} client that never answers a question is waited for as long as parked calls are, and no longer`, async () => {
      const server = await http({ era: 'legacy', tools: asking });
      const { url } = await listening({
        servers: { s: { url: server.url, timeoutMs: 4_000 } },
        limits: { parkedMs: 8_000 },
      });
      const client = await official(
        url,
        era,
        { capabilities: { elicitation: { form: {} } } },
        (each: Client) => each.setRequestHandler('elicitation/create', () => new Promise<never>(() => {})),
      );
      const startedAt = performance.now();
      const call = client.callTool({ name: 's__ask', arguments: {} }).catch(() => undefined);
      const calls = () => server.inspect().requests.filter(({ method }) => method === 'tools/call').length;
      await expect.poll(calls).toBe(1);
      await expect.poll(() => server.inspect().running).toBe(0);
      // Its server may be silent for 4 s, but it is not the server that is awaited.
      expect(performance.now() - startedAt).toBeGreaterThan(6_000);
      expect(JSON.stringify(await client.callTool({ name: 's__echo', arguments: { b: 1 } }))).toContain('b');
      if (era === 'legacy') await call;
    });
});
