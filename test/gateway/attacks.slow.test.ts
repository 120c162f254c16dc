import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stdioSpec } from '../../src/testing/index.ts';
import { ledgerFile } from '../support/folders.ts';
import { runningPids, startedPids } from '../support/processes.ts';
import { local, tools } from '../support/servers.ts';
import { listening, official, openSession, post } from './support.ts';

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

describe('thousands of sessions that were opened and left', () => {
  it('end, and a client that stays is served all the time', async () => {
    const { gateway, url } = await listening({
      servers: { s: { server: local({ tools: tools('echo') }) } },
      sessions: { idleMs: 2_000, maxPerPrincipal: 10_000 },
    });
    const mine = { 'mcp-session-id': await openSession(url) };
    // With an open stream it is not idle, however busy the machine is.
    const stream = await fetch(url, { headers: { ...mine, accept: 'text/event-stream' } });
    const call = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 's__echo', arguments: {} } };
    for (let at = 0; at < 2_000; at += 20) {
      await Promise.all(Array.from({ length: 20 }, () => openSession(url)));
      expect(await (await post(url, call, mine)).text()).toContain('"content"');
    }
    await expect.poll(() => gateway.clients.size, { timeout: 60_000 }).toBe(1);
    await stream.body?.cancel();
    await expect.poll(() => gateway.clients.size).toBe(0);
  });
});
