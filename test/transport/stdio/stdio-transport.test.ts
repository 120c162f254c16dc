import { PassThrough } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { fstatSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Client } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import { base64, Probes, server } from './support.ts';
import { isRunning } from '../../support/processes.ts';
import { eventually } from '../../support/eventually.ts';

const probes = new Probes();
afterEach(() => probes.end());

describe('T1 stdio messages', () => {
  it('go to the server and come back', async () => {
    const probe = await probes.open(server('echo'));
    expect(await probe.ask('echo', { text: 'two\nlines, é €' })).toEqual({ text: 'two\nlines, é €' });
    expect(probe.problems).toEqual([]);
  });

  it('come back by the hundred, each once and in order', async () => {
    const probe = await probes.open(server('echo'));
    await Promise.all(Array.from({ length: 500 }, () => probe.send('ping').sent));
    await eventually('500 messages', () => probe.messages.length === 500);
    expect(probe.messages.map((message) => 'id' in message && message.id)).toEqual(
      Array.from({ length: 500 }, (_, i) => i + 1),
    );
  });

  it.each(['utf-8', 'utf-16le', 'latin1'] as const)('are written and read in %s', async (encoding) => {
    const spec = server('echo', [encoding.replace('-', '')], { encoding });
    const probe = await probes.open(spec);
    expect(await probe.ask('echo', { text: 'é\u0a41\u0100€' })).toEqual({ text: 'é\u0a41\u0100€' });
    expect(probe.problems).toEqual([]);
  });

  it('may be as large as 60 MB', async () => {
    const probe = await probes.open(server('huge', ['60']));
    const { text } = await probe.ask('ping');
    expect(text).toHaveLength(60 * 1024 * 1024);
  });

  it('may be as large as 8 MB on the way out', async () => {
    const probe = await probes.open(server('echo'));
    const text = 'x'.repeat(8 * 1024 * 1024);
    const answer = await probe.ask('echo', { text });
    expect(answer['text'] === text).toBe(true);
  });

  it('are not delivered to a handler that has thrown, but to the next call of it', async () => {
    const probe = await probes.open(server('echo'));
    const seen: unknown[] = [];
    probe.transport.onmessage = (message) => {
      seen.push(message);
      if (seen.length === 1) throw new Error('the handler failed');
    };
    await probe.send('ping').sent;
    await probe.send('ping').sent;
    await eventually('two messages', () => seen.length === 2);
    expect(probe.errors.map((error) => error.message)).toEqual(['the handler failed']);
    expect(probe.closes).toEqual([]);
  });

  it('are refused before the start', async () => {
    const probe = probes.create(server('echo'));
    await expect(probe.send('ping').sent).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('T1 stdio process', () => {
  it('has a pid while it runs', async () => {
    const probe = probes.create(server('echo'));
    expect(probe.transport.pid).toBeUndefined();
    await probe.transport.start();
    expect(probe.transport.pid).toBe((await probe.ask('pid'))['pid']);
    await probe.transport.close();
    expect(probe.transport.pid).toBeUndefined();
  });

  it('has the minimal environment and what the spec adds', async () => {
    process.env['PLENUM_TEST_SECRET'] = 'secret';
    try {
      const probe = await probes.open(server('echo', [], { env: { ADDED: 'yes' } }));
      const { env } = await probe.ask('env');
      expect(env).toMatchObject({ PATH: process.env['PATH'], ADDED: 'yes' });
      const allowed = ['ADDED', 'HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'];
      expect(Object.keys(env as object).filter((name) => !allowed.includes(name))).toEqual([]);
    } finally {
      delete process.env['PLENUM_TEST_SECRET'];
    }
  });

  it.each([
    ['a path', tmpdir()],
    ['a URL', pathToFileURL(tmpdir())],
  ])('runs in the folder of the spec, %s', async (_, cwd) => {
    const probe = await probes.open(server('echo', [], { cwd }));
    expect(await probe.ask('cwd')).toEqual({ cwd: realpathSync(tmpdir()) });
  });

  it('is not started twice', async () => {
    const probe = await probes.open(server('echo'));
    await expect(probe.transport.start()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await probe.transport.close();
    await expect(probe.transport.start()).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  });
});

describe('T1 stdio standard error of a server', () => {
  const chatter = { pieces: base64('one\ntw', 'o\n'), to: 2 };

  it('is captured line by line when nothing is said', async () => {
    const probe = await probes.open(server('echo'));
    await probe.ask('raw', chatter);
    await eventually('two lines', () => probe.stderrLines.length === 2);
    expect(probe.stderrLines).toEqual(['one', 'two']);
  });

  it("goes to the caller's stream, which stays open, and into the end", async () => {
    const stderr = new PassThrough();
    const probe = await probes.open(server('echo', [], { stderr }));
    await probe.ask('raw', chatter);
    await probe.send('exit', { code: 1 }).sent;
    await probe.closed();
    expect(String(stderr.read())).toBe('one\ntwo\n');
    expect(stderr.writable).toBe(true);
    expect(probe.stderrLines).toEqual([]);
    expect(probe.transport.end?.stderr).toBe('one\ntwo');
  });

  it('goes nowhere when ignored', async () => {
    const probe = await probes.open(server('echo', [], { stderr: 'ignore' }));
    await probe.ask('raw', chatter);
    await probe.send('exit', { code: 1 }).sent;
    await probe.closed();
    expect(probe.stderrLines).toEqual([]);
    expect(probe.transport.end).toEqual({ what: 'exited with code 1' });
  });

  it("is this process's own when inherited", async () => {
    const probe = await probes.open(server('echo', [], { stderr: 'inherit' }));
    const { dev, ino } = fstatSync(2);
    expect(await probe.ask('identity', { fd: 2 })).toEqual({ dev, ino });
  });

  it('does not hold up the server when a listener throws', async () => {
    const probe = await probes.open(server('echo'));
    probe.stderrLines.push = () => {
      throw new Error('the listener failed');
    };
    await probe.ask('raw', { pieces: base64('line\n'.repeat(50_000)), to: 2 });
    expect(await probe.ask('ping')).toEqual({});
    await eventually('50,000 errors', () => probe.errors.length === 50_000);
  });
});

describe('S8 a stdio server that ends by itself', () => {
  it('has its exit code and the end of its stderr in the end', async () => {
    const probe = await probes.open(server('echo'));
    await probe.ask('raw', { pieces: base64('warning\nfatal: no such table\n'), to: 2 });
    await probe.send('exit', { code: 7 }).sent;
    await probe.closed();
    expect(probe.transport.end).toEqual({
      what: 'exited with code 7',
      stderr: 'warning\nfatal: no such table',
    });
    expect(probe.transport.pid).toBeUndefined();
    await probe.transport.close();
    expect(probe.closes).toHaveLength(1);
    expect(probe.transport.end?.what).toBe('exited with code 7');
  });

  it('has the signal that killed it in the end', async () => {
    const probe = await probes.open(server('echo'));
    probe.kill();
    await probe.closed();
    expect(probe.transport.end).toEqual({ what: 'was killed by signal SIGKILL' });
  });

  it('has its last words delivered before the close', async () => {
    const probe = await probes.open(server('echo'));
    const word = { jsonrpc: '2.0', method: 'word', params: { text: 'x'.repeat(1_000) } };
    const last = base64(`${JSON.stringify(word)}\n`.repeat(2_000))[0];
    await probe.send('exit', { code: 0, last }).sent;
    await probe.closed();
    expect(probe.closes).toEqual([2_000]);
    expect(probe.problems).toEqual([]);
  });

  it('refuses what is sent afterwards, saying why', async () => {
    const probe = await probes.open(server('echo'));
    await probe.send('exit', { code: 7 }).sent;
    await probe.closed();
    const { sent } = probe.send('ping');
    await expect(sent).rejects.toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    await expect(sent).rejects.toThrow('the server exited with code 7');
  });

  it('is given up when it closes its output', async () => {
    const probe = await probes.open(server('echo'));
    const { pid } = probe.transport;
    await probe.ask('closePipe', { fd: 1 });
    await probe.closed();
    expect(probe.transport.end?.what).toBe('closed its standard output');
    await probe.transport.destroy();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('S9 a stdio server that writes what it should not', () => {
  it('stays connected after garbage on its output, every line of it reported', async () => {
    const probe = await probes.open(server('echo'));
    const garbage = Buffer.from([0xff, 0xfe, 0x00, 0x0a]);
    await probe.ask('raw', { pieces: base64('Listening on 3000\n\n', '{"level":30}\n', garbage) });
    expect(await probe.ask('ping')).toEqual({});
    expect(probe.problems.map((error) => error.code)).toEqual(Array(3).fill('INVALID_RESULT'));
    expect(probe.problems[0]?.message).toContain('Server "probed" wrote a line that is not JSON');
  });

  it.each([
    ['strict', undefined],
    ['ignore', 'ab'],
    ['replace', 'a\ufffdb'],
  ] as const)('has bytes that are no UTF-8 treated as told: %s', async (encodingErrors, text) => {
    const probe = await probes.open(server('echo', [], { encodingErrors }));
    const [start, end] = ['{"jsonrpc":"2.0","method":"word","params":{"text":"a', 'b"}}\n'];
    await probe.ask('raw', { pieces: base64(start, Buffer.from([0xff]), end) });
    expect(await probe.ask('ping')).toEqual({});
    const word = probe.messages.find((message) => 'method' in message);
    expect(word).toEqual(text && { jsonrpc: '2.0', method: 'word', params: { text } });
    expect(probe.problems).toHaveLength(text === undefined ? 1 : 0);
  });

  it('is reported when it ends in the middle of a line', async () => {
    const probe = await probes.open(server('echo'));
    const last = base64('{"jsonrpc":"2.0","id":1,"res')[0];
    await probe.send('exit', { code: 1, last }).sent;
    await probe.closed();
    expect(probe.problems.map((error) => error.message)).toEqual([
      expect.stringContaining('wrote half a line that is not JSON'),
    ]);
    expect(probe.messages).toEqual([]);
  });

  it('is ended when it writes an endless line, in bounded memory', async () => {
    const before = process.memoryUsage.rss();
    const probe = await probes.open(server('huge', ['endless'], { maxMessageBytes: 4 * 1024 * 1024 }));
    const { pid } = probe.transport;
    await probe.send('ping').sent;
    await probe.closed();
    expect(probe.transport.end).toMatchObject({
      what: 'wrote a line longer than 4194304 bytes',
    });
    expect(probe.problems.map((error) => error.message)).toEqual([
      expect.stringContaining('Allow more with "maxMessageBytes"'),
    ]);
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
    expect(probe.closes).toHaveLength(1);
  });

  it('is ended when it writes 200 MB on one line, with the usual limit', async () => {
    const probe = await probes.open(server('huge', ['200']));
    const { pid } = probe.transport;
    await probe.send('ping').sent;
    await probe.closed();
    expect(probe.transport.end).toMatchObject({
      what: 'wrote a line longer than 67108864 bytes',
    });
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    expect(probe.messages).toEqual([]);
  });
});

describe('T1 stdio under the official client', () => {
  it.each(['legacy', 'auto'] as const)('connects, calls and closes, mode %s', async (mode) => {
    const probe = probes.create(server('echo'));
    const { transport } = probe;
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
    await client.connect(transport);
    const { pid } = transport;
    const result = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
    expect(result.content).toEqual([{ type: 'text', text: 'hello' }]);
    await client.close();
    expect(isRunning(pid)).toBe(false);
    expect(probe.problems).toEqual([]);
  });

  it('sends nothing of a request aborted in the turn that made it', async () => {
    const probe = probes.create(server('echo'));
    const { transport } = probe;
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(transport);
    const abort = new AbortController();
    const call = client.ping({ signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toThrow(/abort/i);
    expect(await client.ping()).toEqual({});
    await client.close();
    expect(probe.errors).toEqual([]);
  });

  it('fails a call at once when the server dies under it', async () => {
    const probe = probes.create(server('stubborn'));
    const { transport } = probe;
    const client = new Client({ name: 'test', version: '1.0.0' });
    const connecting = client.connect(transport);
    connecting.catch(() => {});
    await eventually('a process', () => transport.pid);
    probe.kill();
    await expect(connecting).rejects.toThrow(/closed/i);
    expect(transport.end?.what).toBe('was killed by signal SIGKILL');
  });
});
