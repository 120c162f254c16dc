import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createApiKey,
  createGateway,
  type AuditEntry,
  type GatewayAudit,
} from '../../../src/gateway/index.ts';
import { AuditLog } from '../../../src/gateway/audit/audit-log.ts';
import { newFolder } from '../../support/folders.ts';
import { local } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

const CANARY = 'canary-7f3a';
const servers = () => ({
  servers: {
    s: {
      server: local({
        tools: [{ name: 'echo' }, { name: 'fail', does: { type: 'error' as const, message: CANARY } }],
        prompts: [{ name: 'p' }],
        resources: [{ uri: 'mem://a' }],
      }),
    },
  },
});
const call = (name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
});
const linesOf = (path: string): AuditEntry[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
const logAt = (path: string, more: Partial<GatewayAudit> = {}) => ({ audit: { file: path, ...more } });

describe('S8 an audit log', () => {
  it('has a line for each call, denied ones too, with digests of arguments only', async () => {
    const path = join(newFolder(), 'logs', 'audit.jsonl');
    const ada = createApiKey('ada');
    const { gateway, url } = await listening({
      ...servers(),
      ...logAt(path),
      auth: { keys: [ada.record] },
    });
    const mine = { authorization: `Bearer ${ada.key}` };
    const session = { ...mine, 'mcp-session-id': await openSession(url, mine) };
    const send = async (body: object) => void (await (await post(url, body, session)).text());
    await send(call('s__echo', { password: CANARY, b: 1 }));
    await send(call('s__echo', { b: 1, password: CANARY }));
    await send(call('s__echo', { password: 'other', b: 1 }));
    await send(call('s__fail', { token: CANARY }));
    await send(call(`s__none`, { token: CANARY }));
    await send({
      jsonrpc: '2.0',
      id: 1,
      method: 'prompts/get',
      params: { name: 's__p', arguments: { x: CANARY } },
    });
    await send({ jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri: 'mem://a' } });
    await send({
      jsonrpc: '2.0',
      id: 1,
      method: 'resources/read',
      params: { uri: `https://u:${CANARY}@x.test/f?token=${CANARY}#${CANARY}` },
    });
    await send({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
    await gateway.close();
    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(ada.key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const lines = linesOf(path);
    expect(lines.map(({ method, name, decision, outcome }) => [method, name, decision, outcome])).toEqual([
      ['tools/call', 's__echo', 'allowed', 'ok'],
      ['tools/call', 's__echo', 'allowed', 'ok'],
      ['tools/call', 's__echo', 'allowed', 'ok'],
      ['tools/call', 's__fail', 'allowed', expect.stringMatching(/error$/)],
      ['tools/call', 's__none', 'denied', 'error'],
      ['prompts/get', 's__p', 'allowed', 'ok'],
      ['resources/read', 'mem://a', 'allowed', 'ok'],
      ['resources/read', 'https://x.test/f', 'allowed', 'error'],
    ]);
    const [first, second, third] = lines;
    expect(first).toMatchObject({
      principal: `key:${ada.record.id}`,
      key: 'ada',
      server: 's',
      ms: expect.any(Number),
    });
    expect(first?.arguments.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.arguments).toEqual(first?.arguments);
    expect(third?.arguments.digest).not.toBe(first?.arguments.digest);
    expect(lines[4]).toMatchObject({ why: 'UNKNOWN_TOOL' });
  });

  it('notes calls of both eras, for a function, whose failures cost no call', async () => {
    const entries: AuditEntry[] = [];
    const write = (entry: AuditEntry): void => {
      entries.push(entry);
      throw new Error(CANARY);
    };
    const { gateway, url } = await listening({ ...servers(), audit: { write } });
    const events = gateway.events();
    for (const era of ['legacy', 'modern'] as const) {
      const client = await official(url, era);
      await client.callTool({ name: 's__echo', arguments: {} });
    }
    await expect.poll(() => entries.length).toBe(2);
    expect(entries[1]).toMatchObject({ dropped: 1, principal: 'local' });
    for await (const event of events) {
      if (event.type !== 'problem') continue;
      expect(event.error.message).toContain('audit log');
      expect(event.error.message).not.toContain(CANARY);
      break;
    }
  });

  it('refuses calls that cannot be noted, where that is wanted, until they can be', async () => {
    let isFull = true;
    const write = (): void => {
      if (isFull) throw new Error('full');
    };
    const { url } = await listening({ ...servers(), audit: { write, whenFailing: 'refuse' } });
    const id = { 'mcp-session-id': await openSession(url) };
    const answer = async () => (await post(url, call('s__echo'), id)).text();
    // The first is the one by which it is noticed.
    await answer();
    await expect.poll(answer).toContain('AUDIT_FAILING');
    isFull = false;
    await expect.poll(answer, { timeout: 15_000 }).toContain('"content"');
    await expect.poll(answer).toContain('"content"');
  });

  it('has digests that only who knows the key can compare', async () => {
    const noted = async (key?: string): Promise<string> => {
      const entries: AuditEntry[] = [];
      const audit = { write: (entry: AuditEntry) => entries.push(entry), ...(key !== undefined && { key }) };
      const { gateway, url } = await listening({ ...servers(), audit });
      const client = await official(url);
      await client.callTool({ name: 's__echo', arguments: { a: 1 } });
      await gateway.close();
      return entries[0]?.arguments.digest ?? '';
    };
    const [one, two] = [await noted('k'.repeat(16)), await noted('k'.repeat(16))];
    expect(one).toBe(two);
    expect(new Set([one, await noted('l'.repeat(16)), await noted(), await noted()]).size).toBe(4);
  });

  it('is not begun where it cannot be kept', async () => {
    const folder = newFolder();
    const open = join(folder, 'open.jsonl');
    writeFileSync(open, '');
    chmodSync(open, 0o644);
    const bad: object[] = [
      {},
      { file: 'a', write: () => {} },
      { file: folder },
      ...(process.platform === 'win32' ? [] : [{ file: open }]),
      { file: join(folder, 'a'), key: 'short' },
      { file: join(folder, 'a'), whenFull: 'refuse' },
      { file: join(folder, 'a'), maxFiles: 0 },
    ];
    for (const audit of bad)
      await expect(createGateway({ ...servers(), audit }), JSON.stringify(audit)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
      });
  });
});

describe('the file of an audit log', () => {
  const request = { method: 'tools/call', params: { name: 't', arguments: {} } };
  const note = (log: AuditLog, name: string): void =>
    log.note({ principal: 'ada' }, { ...request, params: { name } }, 's', { result: {} }, 1);

  it('is replaced when it is large, and only so many are kept', async () => {
    const path = join(newFolder(), 'audit.jsonl');
    const log = await AuditLog.open({ file: path, maxBytes: 1_024, maxFiles: 3 }, () => {});
    for (let at = 0; at < 60; at++) note(log, `call ${at}`);
    await log.close();
    const kept = [path, `${path}.1`, `${path}.2`];
    for (const file of kept) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(file).size).toBeLessThanOrEqual(1_024);
    }
    expect(existsSync(`${path}.3`)).toBe(false);
    const names = kept.toReversed().flatMap((file) => linesOf(file).map(({ name }) => name));
    expect(names.at(-1)).toBe('call 59');
    expect(names).toEqual(names.toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5))));
  });

  it('goes on where it ended', async () => {
    const path = join(newFolder(), 'audit.jsonl');
    for (const name of ['one', 'two']) {
      const log = await AuditLog.open({ file: path }, () => {});
      note(log, name);
      await log.close();
    }
    expect(linesOf(path).map(({ name }) => name)).toEqual(['one', 'two']);
  });

  it('keeps no more entries waiting than it may, and says how many were lost', async () => {
    const entries: AuditEntry[] = [];
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    const write = async (entry: AuditEntry): Promise<void> => {
      await gate;
      entries.push(entry);
    };
    const log = await AuditLog.open({ write, maxQueued: 3 }, () => {});
    for (let at = 0; at < 10; at++) note(log, `${at}`);
    go();
    await expect.poll(() => entries.length).toBe(4);
    note(log, 'last');
    await log.close();
    expect(entries.at(-1)).toMatchObject({ name: 'last', dropped: 6 });
  });

  it.skipIf(!existsSync('/dev/full'))('a full disk is told, and torn lines stand alone', async () => {
    const problems: string[] = [];
    const log = await AuditLog.open({ file: '/dev/full' }, () => {}).catch((error: Error) => error.message);
    // It is everybody's, which is refused; so a device cannot be a log.
    expect(log).toContain('open to other users');
    expect(problems).toEqual([]);
  });
});
