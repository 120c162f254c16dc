import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readLedger, stdioSpec, type ScriptedTool, type ServerScript } from '../../src/testing/index.ts';
import { ERAS, connect, stdio } from './support/clients.ts';
import { RawChild } from './support/raw-child.ts';
import { textOf } from '../support/results.ts';
import { isRunning } from '../support/processes.ts';
import { newFolder } from '../support/folders.ts';

const full: ServerScript = {
  name: 'full',
  title: 'Full',
  instructions: 'Be brief.',
  tools: [{ name: 'echo' }, { name: 'who', does: { type: 'whoami' } }],
  resources: [{ uri: 'file:///a', text: 'A', mimeType: 'text/plain' }],
  resourceTemplates: [{ uriTemplate: 'note://{id}', text: 'a note' }],
  prompts: [{ name: 'greet', arguments: [{ name: 'who', required: true }] }],
  completions: [{ ref: 'greet', argument: 'who', values: ['ann', 'anton', 'bob'] }],
};

describe.each(ERAS)('testing kit: a child process, $era', ({ mode }) => {
  it('serves everything that its script has', async () => {
    const client = await connect(stdio(stdioSpec(full)), mode);
    expect(client.getServerVersion()).toEqual({ name: 'full', version: '1.0.0', title: 'Full' });
    expect(client.getInstructions()).toBe('Be brief.');
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['echo', 'who']);
    expect((await client.listResources()).resources).toMatchObject([{ uri: 'file:///a', name: 'file:///a' }]);
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([
      { uriTemplate: 'note://{id}' },
    ]);
    expect((await client.listPrompts()).prompts).toMatchObject([{ name: 'greet' }]);
    expect((await client.readResource({ uri: 'note://7' })).contents).toMatchObject([
      { uri: 'note://7', text: 'a note' },
    ]);
    const prompt = await client.getPrompt({ name: 'greet', arguments: { who: 'ann' } });
    expect(prompt.messages).toMatchObject([{ role: 'user', content: { type: 'text' } }]);
    const ref = { type: 'ref/prompt' as const, name: 'greet' };
    const { completion } = await client.complete({ ref, argument: { name: 'who', value: 'an' } });
    expect(completion).toEqual({ values: ['ann', 'anton'], total: 2, hasMore: false });
  });

  it('refuses what it does not have', async () => {
    const client = await connect(stdio(stdioSpec(full)), mode);
    await expect(client.callTool({ name: 'nope' })).rejects.toMatchObject({ code: -32602 });
    await expect(client.readResource({ uri: 'nope:nope' })).rejects.toMatchObject({
      data: { uri: 'nope:nope' },
    });
    await expect(client.getPrompt({ name: 'nope' })).rejects.toMatchObject({ code: -32602 });
    await expect(client.getPrompt({ name: 'greet' })).rejects.toMatchObject({ code: -32602 });
    await expect(client.request({ method: 'no/such' }, anything)).rejects.toMatchObject({ code: -32601 });
  });

  it('is driven and looked into by requests of its own', async () => {
    const client = await connect(stdio(stdioSpec(full)), mode);
    await client.callTool({ name: 'echo', arguments: { a: 1 } });
    const tools = [{ name: 'new' }];
    await client.request({ method: 'testing/control', params: { command: 'setTools', tools } }, anything);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['new']);
    const call = { method: 'tools/call', params: expect.objectContaining({ name: 'echo' }) };
    expect(await client.request({ method: 'testing/inspect' }, anything)).toMatchObject({
      name: 'full',
      connections: 1,
      running: 1,
      requests: expect.arrayContaining([expect.objectContaining(call)]),
    });
    const wrong = { method: 'testing/control', params: { command: 'explode' } };
    await expect(client.request(wrong, anything)).rejects.toMatchObject({ code: -32602 });
  });
});

/** A schema that takes anything. */
const anything = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: (value: unknown) => ({ value }),
  },
};

describe('testing kit: the life of a child process', () => {
  it('a client that may choose speaks the newest era', async () => {
    const client = await connect(stdio(stdioSpec(full)), 'auto');
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
  });

  it('a server of one era refuses the other', async () => {
    const legacy = await connect(stdio(stdioSpec({ ...full, era: 'legacy' })), 'auto');
    expect(legacy.getNegotiatedProtocolVersion()).toBe('2025-11-25');
    await expect(connect(stdio(stdioSpec({ ...full, era: 'modern' })))).rejects.toThrow(/version/i);
  });

  it('a server answers with the versions that its script says', async () => {
    const strange = connect(stdio(stdioSpec({ answerVersion: '1999-01-01' })));
    await expect(strange).rejects.toThrow('1999-01-01');
    const old = await connect(stdio(stdioSpec({ protocolVersions: ['2025-03-26'] })));
    expect(old.getNegotiatedProtocolVersion()).toBe('2025-03-26');
    const child = new RawChild(stdioSpec({ protocolVersions: ['2099-01-01'] }));
    child.send(1, 'tools/list', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } });
    const data = { supported: ['2099-01-01'], requested: '2026-07-28' };
    expect(await child.answer(1)).toMatchObject({ error: { code: -32022, data } });
  });

  it('leaves when its input ends', async () => {
    const child = new RawChild(stdioSpec(full));
    await child.initialize();
    child.endInput();
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  it('leaves although a slow call and a timer are under way', async () => {
    const tools: ScriptedTool[] = [{ name: 'slow', does: { type: 'slow', ms: 600_000 } }];
    const child = new RawChild(stdioSpec({ tools, faults: { flap: { afterMs: 600_000 } } }));
    await child.initialize();
    child.send(1, 'tools/call', { name: 'slow' });
    child.send(2, 'ping');
    await child.answer(2);
    child.endInput();
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  it('tells its environment and its folder', async () => {
    const cwd = newFolder();
    const child = new RawChild({ ...stdioSpec(full), cwd, env: { COLOUR: 'green' } });
    await child.initialize();
    child.send(1, 'tools/call', { name: 'who' });
    const who = JSON.parse(textOf((await child.answer(1)).result as object));
    expect(who).toMatchObject({ pid: child.process.pid, cwd, env: { COLOUR: 'green' } });
  });

  it('a script that is too long for a command line comes from a file', async () => {
    const tools = Array.from({ length: 500 }, (_, n) => ({
      name: `tool_${n}`,
      description: 'x'.repeat(100),
    }));
    expect(() => stdioSpec({ tools })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
    const scriptFile = join(newFolder(), 'script.json');
    await writeFile(scriptFile, JSON.stringify({ tools }));
    const client = await connect(stdio(stdioSpec({ scriptFile })));
    expect((await client.listTools()).tools).toHaveLength(500);
  });

  it('starts and calls are written in the ledger', async () => {
    const ledgerFile = join(newFolder(), 'ledger');
    expect(readLedger(ledgerFile)).toEqual([]);
    const tools: ScriptedTool[] = [{ name: 'die', does: { type: 'crash' } }];
    const client = await connect(stdio(stdioSpec({ name: 'l', ledgerFile, tools })));
    await expect(client.callTool({ name: 'die', arguments: { a: 1 } })).rejects.toThrow();
    const pid = expect.any(Number);
    expect(readLedger(ledgerFile)).toEqual([
      { event: 'start', server: 'l', pid },
      { event: 'call', server: 'l', pid, tool: 'die', arguments: { a: 1 } },
    ]);
  });

  it.each(['utf8', 'utf16le', 'latin1'] as const)('speaks %s', async (encoding) => {
    const child = new RawChild(stdioSpec({ ...full, encoding }));
    const chunks: Buffer[] = [];
    child.process.stdout?.on('data', (chunk) => chunks.push(chunk));
    const message = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'echo', arguments: { a: 'é' } },
    };
    child.process.stdin?.write(Buffer.from(`${JSON.stringify(message)}\n`, encoding));
    const said = (): string => Buffer.concat(chunks).toString(encoding);
    await expect.poll(() => said()).toContain('\n');
    expect(textOf(JSON.parse(said()).result)).toBe('{"a":"é"}');
  });

  it('a crash has the code or the signal that was asked for', async () => {
    const tools: ScriptedTool[] = [
      { name: 'code', does: { type: 'crash', code: 7 } },
      { name: 'signal', does: { type: 'crash', signal: 'SIGABRT' } },
      { name: 'after', does: { type: 'crashAfterAnswer', code: 8 } },
    ];
    const crash = async (name: string) => {
      const child = new RawChild(stdioSpec({ tools }));
      await child.initialize();
      child.send(1, 'tools/call', { name });
      return { ...(await child.exited), answered: child.messages.some(({ id }) => id === 1) };
    };
    expect(await crash('code')).toEqual({ code: 7, signal: null, answered: false });
    expect(await crash('signal')).toEqual({ code: null, signal: 'SIGABRT', answered: false });
    expect(await crash('after')).toEqual({ code: 8, signal: null, answered: true });
  });

  it('a hung process takes nothing from its input until it wakes up', async () => {
    const child = new RawChild(stdioSpec(full));
    await child.initialize();
    child.send(1, 'testing/control', { command: 'hang', forMs: 300 });
    await child.answer(1);
    child.send(2, 'ping');
    child.process.stdin?.write(`${' '.repeat(1_000_000)}\n`);
    expect(child.process.stdin?.writableNeedDrain).toBe(true);
    await child.answer(2);
    child.send(3, 'testing/control', { command: 'hang' });
    await child.answer(3);
    child.endInput();
    child.process.kill('SIGTERM');
    expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  it('is gone when its client is', async () => {
    const transport = stdio(stdioSpec(full));
    const client = await connect(transport);
    const { pid } = transport;
    await client.close();
    await expect.poll(() => isRunning(pid ?? 0)).toBe(false);
  });
});
