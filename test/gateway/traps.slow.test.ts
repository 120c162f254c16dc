import { describe, expect, it } from 'vitest';
import { stdioSpec, type ScriptedTool, type WhoAmI } from '../../src/testing/index.ts';
import { ledgerFile } from '../support/folders.ts';
import { isRunning, runningPids, startedPids } from '../support/processes.ts';
import { http, tools } from '../support/servers.ts';
import { listening, official, openSession, post, rawConnection } from './support.ts';

// What other gateways did wrong, as far as no other file tests it.

const ERAS = ['legacy', 'modern'] as const;
const call = (name: string, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 2,
  method: 'tools/call',
  params: { name, arguments: {}, ...more },
});

describe('processes of a server', () => {
  const who: ScriptedTool[] = [{ name: 'who', does: { type: 'whoami' } }];
  const readWho = (text: string): WhoAmI & { pid: number; grandchild: number } => {
    const data = [...text.matchAll(/^data: (\{.*)$/gm)].at(-1)?.[1] ?? text;
    return JSON.parse(JSON.parse(data).result.content[0].text);
  };

  it('are not started for each request: many calls, one after the other, run in one', async () => {
    const ledger = ledgerFile();
    const { url } = await listening({ servers: { s: stdioSpec({ tools: who, ledgerFile: ledger }) } });
    for (const era of ERAS) {
      const client = await official(url, era);
      const before = startedPids(ledger).length;
      for (let at = 0; at < 20; at++) await client.callTool({ name: 's__who', arguments: {} });
      expect(startedPids(ledger).length - before).toBeLessThanOrEqual(1);
    }
  });

  it('end with the session of their client, with all that they started, and others go on', async () => {
    const ledger = ledgerFile();
    const faults = { grandchild: { lifeMs: 600_000, holdPipes: true } };
    const { gateway, url } = await listening({
      servers: { s: stdioSpec({ tools: who, faults, ledgerFile: ledger }) },
    });
    const sessions: { headers: Record<string, string>; pid: number; grandchild: number }[] = [];
    for (let at = 0; at < 3; at++) {
      const headers = { 'mcp-session-id': await openSession(url) };
      const { pid, grandchild } = readWho(await (await post(url, call('s__who'), headers)).text());
      sessions.push({ headers, pid, grandchild });
    }
    const run = () => sessions.map(({ pid, grandchild }) => [pid, grandchild].filter(isRunning).length);
    expect(run()).toEqual([2, 2, 2]);
    const [first, second, third] = sessions;
    await fetch(url, { method: 'DELETE', headers: first?.headers ?? {} });
    await expect.poll(run).toEqual([0, 2, 2]);
    // One that was left without a word ends when it has been idle. The stream keeps the other.
    const kept = { ...third?.headers, accept: 'text/event-stream' };
    const stream = await fetch(url, { headers: kept });
    gateway.configure({ sessions: { idleMs: 1 } });
    await expect.poll(run).toEqual([0, 0, 2]);
    expect(readWho(await (await post(url, call('s__who'), third?.headers)).text()).pid).toBe(third?.pid);
    expect(second?.pid).not.toBe(third?.pid);
    await stream.body?.cancel();
    await gateway.close();
    await expect.poll(run).toEqual([0, 0, 0]);
    expect(runningPids(ledger)).toEqual([]);
  });
});

describe('an open stream', () => {
  it('whose client has gone without a word keeps no session', async () => {
    const server = await http({ era: 'legacy', tools: tools('echo') });
    const { gateway, url } = await listening({ servers: { s: { url: server.url } } });
    const { host } = new URL(url);
    const id = await openSession(url);
    const connection = rawConnection(url);
    connection.socket.write(
      `GET /mcp HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\nMcp-Session-Id: ${id}\r\n\r\n`,
    );
    expect(await connection.status()).toBe(200);
    gateway.configure({ sessions: { idleMs: 1 } });
    expect(gateway.clients.has(id)).toBe(true);
    connection.socket.resetAndDestroy();
    await expect.poll(() => gateway.clients.size).toBe(0);
  });
});

describe('a tool that is kept from clients', () => {
  it.each(ERAS)('is neither listed nor called, whatever a %s client calls it', async (era) => {
    const server = await http({ era: 'legacy', tools: tools('shown', 'hidden') });
    const all = { allowed: { allow: ['shown'] }, denied: { deny: ['hid*'] } };
    const { url } = await listening({
      servers: Object.fromEntries(
        Object.entries(all).map(([name, filter]) => [name, { url: server.url, ...filter }]),
      ),
    });
    const client = await official(url, era);
    const listed = (await client.listTools()).tools.map(({ name }) => name);
    expect(listed).toEqual(['allowed__shown', 'denied__shown']);
    // A server that says that its list has changed shows no more.
    for (const name of listed) await client.callTool({ name, arguments: {} });
    server.control({ command: 'setTools', tools: tools('shown', 'hidden', 'hidden2') });
    for (const server of ['allowed', 'denied'])
      for (const name of [`${server}__hidden`, 'hidden', `${server}__hidden2`, `${server}/hidden`])
        await expect(client.callTool({ name, arguments: {} }), name).rejects.toMatchObject({ code: -32602 });
    const called = server
      .inspect()
      .requests.filter(({ method }) => method === 'tools/call')
      .map(({ params }) => params?.['name']);
    expect(new Set(called)).toEqual(new Set(['shown']));
  });
});

describe('tasks', () => {
  it.each(ERAS)('of a server are not announced to a %s client, and not begun', async (era) => {
    const server = await http({
      era: 'legacy',
      tools: tools('echo'),
      capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } },
    });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const client = await official(url, era);
    expect(client.getServerCapabilities()).toHaveProperty('tools');
    expect(client.getServerCapabilities()).not.toHaveProperty('tasks');
    expect(client.getServerCapabilities()?.extensions ?? {}).toEqual({});
    if (era === 'modern') return;
    const mine = { 'mcp-session-id': await openSession(url) };
    const asked = await post(url, call('s__echo', { task: { ttl: 60_000 } }), mine);
    expect(await asked.text()).toContain('"content"');
    const [sent] = server.inspect().requests.filter(({ method }) => method === 'tools/call');
    expect(sent?.params).not.toHaveProperty('task');
  });
});
