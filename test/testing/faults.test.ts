import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  inProcess,
  readLedger,
  stdioSpec,
  type Faults,
  type ScriptedTool,
  type ServerScript,
} from '../../src/testing/index.ts';
import { ERAS, connect, linked, newClient, stdio } from './support/clients.ts';
import { RawChild } from './support/raw-child.ts';
import { textOf } from '../support/results.ts';
import { isRunning } from '../support/processes.ts';
import { newFolder } from '../support/folders.ts';

const tools: ScriptedTool[] = [{ name: 'echo' }, { name: 'who', does: { type: 'whoami' } }];

function child(faults: Faults, script: ServerScript = {}): RawChild {
  return new RawChild(stdioSpec({ tools, ...script, faults }));
}

/** A child through the handshake and one ping. */
async function greeted(faults: Faults): Promise<RawChild> {
  const raw = child(faults);
  await raw.initialize();
  raw.send(1, 'ping');
  await raw.answer(1);
  return raw;
}

describe('testing kit: faults of what a process prints', () => {
  it('garbage at the start comes before everything else', async () => {
    const raw = await greeted({ garbage: { at: 'start', lines: ['Welcome!', '{"half'] } });
    expect(raw.lines.slice(0, 2)).toEqual(['Welcome!', '{"half']);
  });

  it('garbage between answers comes before each of them, bytes that are no text included', async () => {
    const raw = await greeted({ garbage: { at: 'answers', lines: ['/w=='], base64: true } });
    raw.send(2, 'ping');
    await raw.answer(2);
    expect(raw.lines.filter((line) => line === '\ufffd')).toHaveLength(2);
  });

  it('the official client steps over garbage', async () => {
    const spec = stdioSpec({ tools, faults: { garbage: { at: 'answers', lines: ['noise', '[1, 2]'] } } });
    const client = await connect(stdio(spec), 'auto');
    expect(textOf(await client.callTool({ name: 'echo', arguments: { a: 1 } }))).toBe('{"a":1}');
  });

  it.each([
    ['its input ends', (raw: RawChild) => raw.endInput()],
    ['it is told to terminate', (raw: RawChild) => raw.process.kill('SIGTERM')],
    ['it crashes', (raw: RawChild) => raw.send(9, 'testing/control', { command: 'crash' })],
  ])('half a line is left behind when %s', async (_, end) => {
    const raw = await greeted({ halfLine: true });
    end(raw);
    await raw.exited;
    expect(raw.rest).toMatch(/^\{"jsonrpc"/);
  });

  it('a huge line has the size that was asked for', async () => {
    const raw = await greeted({ hugeLineBytes: 3_000_000 });
    expect(raw.lines.map(({ length }) => length)).toContain(3_000_000);
  });

  it('a process writes on standard error', async () => {
    const raw = await greeted({ stderr: 'warning: old\n' });
    await expect.poll(() => raw.stderr).toBe('warning: old\n');
  });
});

describe('testing kit: faults of a process', () => {
  it('exits at its start, and says why', async () => {
    const raw = child({ exitAtStart: { code: 3, stderr: 'no key\n' } });
    expect(await raw.exited).toEqual({ code: 3, signal: null });
    expect(raw.stderr).toBe('no key\n');
    expect(raw.lines).toEqual([]);
  });

  it('exits at its first starts only', async () => {
    const ledgerFile = join(newFolder(), 'ledger');
    const start = () => child({ exitAtStart: { times: 2 } }, { ledgerFile });
    expect(await start().exited).toMatchObject({ code: 1 });
    expect(await start().exited).toMatchObject({ code: 1 });
    const third = start();
    await third.initialize();
    expect(readLedger(ledgerFile).filter(({ event }) => event === 'start')).toHaveLength(3);
  });

  it('ignores the end of its input and SIGTERM, but not SIGKILL', async () => {
    const raw = await greeted({ ignoreTermination: true });
    raw.process.kill('SIGTERM');
    raw.send(2, 'ping');
    await raw.answer(2);
    raw.endInput();
    raw.process.kill('SIGINT');
    const gone = await Promise.race([
      raw.exited,
      new Promise((resolve) => setTimeout(resolve, 300, 'alive')),
    ]);
    expect(gone).toBe('alive');
    raw.process.kill('SIGKILL');
    expect(await raw.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('has a child of its own, which outlives it', async () => {
    const raw = await greeted({ grandchild: { lifeMs: 20_000 } });
    raw.send(2, 'tools/call', { name: 'who' });
    const { grandchild } = JSON.parse(textOf((await raw.answer(2)).result as object));
    raw.process.kill('SIGKILL');
    await raw.exited;
    expect(isRunning(grandchild)).toBe(true);
    process.kill(grandchild, 'SIGKILL');
  });

  it('its child may hold the pipes open', async () => {
    const raw = await greeted({ grandchild: { lifeMs: 20_000, holdPipes: true } });
    raw.send(2, 'testing/inspect');
    const { grandchild } = (await raw.answer(2)).result as { grandchild: number };
    const exited = new Promise((resolve) => raw.process.once('exit', resolve));
    raw.process.kill('SIGKILL');
    await exited;
    expect(raw.process.stdout?.readableEnded).toBe(false);
    process.kill(grandchild, 'SIGKILL');
    await raw.exited;
  });

  it('dies again and again', async () => {
    const raw = child({ flap: { afterMs: 100 } });
    expect(await raw.exited).toEqual({ code: 1, signal: null });
  });

  it('starts slowly', async () => {
    const started = performance.now();
    const raw = child({}, { startDelayMs: 300 });
    await raw.initialize();
    expect(performance.now() - started).toBeGreaterThanOrEqual(300);
  });
});

describe('testing kit: faults of the handshake', () => {
  it.each(['initialize', 'server/discover'])('%s is never answered', async (method) => {
    const raw = child({ neverInitialize: true });
    raw.send(1, method);
    raw.send(2, 'ping');
    await raw.answer(2);
    expect(raw.messages).toHaveLength(1);
  });

  it('an old server that is silent on discovery is still found', async () => {
    const client = newClient('auto', {
      versionNegotiation: { mode: 'auto', probe: { timeoutMs: 500 } },
    });
    await client.connect(stdio(stdioSpec({ tools, era: 'legacy', faults: { ignoreDiscover: true } })));
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
  });

  it('a server that dies on discovery is still found', async () => {
    const client = await connect(
      stdio(stdioSpec({ tools, era: 'legacy', faults: { dieOnDiscover: true } })),
      'auto',
    );
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
  });

  it('a server dies on initialize', async () => {
    const raw = child({ dieOnInitialize: true });
    raw.send(1, 'initialize');
    expect(await raw.exited).toEqual({ code: 1, signal: null });
    expect(raw.lines).toEqual([]);
  });
});

describe.each(ERAS)('testing kit: faults of answers, $era', ({ mode, era }) => {
  async function server(faults: Faults, script: ServerScript = {}) {
    const faulty = inProcess({ tools, ...script, faults });
    const client = await connect(await linked(faulty), mode);
    const stray: string[] = [];
    client.onerror = (error) => stray.push(error.message);
    return { faulty, client, stray };
  }

  it('the nth answer is dropped, the others come', async () => {
    const { client } = await server({ dropAnswer: 2 });
    await client.callTool({ name: 'echo' });
    await expect(client.callTool({ name: 'echo' }, { timeout: 100 })).rejects.toThrow(/timed out/i);
    await client.callTool({ name: 'echo' });
  });

  it('each answer comes with one to a request that nobody made', async () => {
    const { client, stray } = await server({ unknownIdAnswer: true });
    await client.callTool({ name: 'echo' });
    expect(stray).toEqual([expect.stringContaining('nobody-1')]);
  });

  it('each answer comes twice', async () => {
    const { client, stray } = await server({ duplicateAnswers: true });
    await client.callTool({ name: 'echo' });
    await expect.poll(() => stray).toHaveLength(1);
  });

  it('the server makes a request that no client knows, and keeps the reply', async () => {
    const { faulty, client, stray } = await server({ requestUnknownMethod: true });
    await client.callTool({ name: 'echo' });
    const kept = { method: 'testing/unknown', error: expect.objectContaining({ code: -32601 }) };
    // A client of the modern era does not answer requests at all.
    if (era === 'legacy') expect(faulty.replies).toEqual([kept]);
    else expect(stray).toHaveLength(1);
  });

  it('methods are ignored, or refused', async () => {
    const refuse = { 'prompts/list': { code: -32042, message: 'later', data: 1 } };
    const { client } = await server({ ignore: ['tools/list'], refuse }, { prompts: [] });
    await expect(client.listTools(undefined, { timeout: 100 })).rejects.toThrow(/timed out/i);
    await expect(client.listPrompts()).rejects.toMatchObject({ code: -32042, data: 1 });
  });

  it('every list of tools is out of date as soon as it is read', async () => {
    const { faulty, client } = await server({ listStorm: true });
    const names = async () => (await client.listTools()).tools.map(({ name }) => name);
    expect(await names()).toEqual(['storm_1', 'echo', 'who']);
    expect(await names()).toEqual(['storm_2', 'echo', 'who']);
    faulty.setFaults({ listStorm: null });
    expect(await names()).toEqual(['echo', 'who']);
  });

  it('a storm of changes reaches a client that listens', async () => {
    const faulty = inProcess({ tools, faults: { listStorm: true } });
    const storms: string[] = [];
    const onChanged = (_error: Error | null, list: { name: string }[] | null) =>
      void storms.push(list?.[0]?.name ?? '');
    const client = newClient(mode, { listChanged: { tools: { onChanged, debounceMs: 0 } } });
    await client.connect(await linked(faulty));
    await client.listTools();
    await expect.poll(() => storms.length).toBeGreaterThan(3);
  });

  it('answers wait', async () => {
    const { client } = await server({}, { answerDelayMs: 200 });
    const started = performance.now();
    await client.callTool({ name: 'echo' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(195);
  });
});
