import { Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { StdioServerSpec } from '../../../src/server-spec.ts';
import { base64, leakCheck, Probes, server } from './support.ts';
import { isRunning } from '../../support/processes.ts';
import { eventually } from '../../support/eventually.ts';

const probes = new Probes();
afterEach(() => probes.end());

/** Grace periods that are over soon, for servers that will not use them. */
const short: Partial<StdioServerSpec> = { closeGraceMs: 100, terminateGraceMs: 100 };
/** Grace periods that outlast any test, for servers that must not need them. */
const long: Partial<StdioServerSpec> = { closeGraceMs: 600_000, terminateGraceMs: 600_000 };

describe('T2 stdio stop', () => {
  it('lets a server leave at the end of its input', async () => {
    const noLeaks = leakCheck();
    const probe = await probes.open(server('echo', [], long));
    const { pid } = probe.transport;
    await probe.ask('ping');
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
    expect(probe.transport.end).toBeUndefined();
    await noLeaks();
  });

  it('takes a grace period without end', async () => {
    const probe = await probes.open(server('echo', [], { closeGraceMs: Infinity }));
    await probe.transport.close();
    expect(probe.closes).toHaveLength(1);
  });

  it('writes out what was sent before, and delivers the answers', async () => {
    const probe = await probes.open(server('echo', [], long));
    const sent = Array.from({ length: 50 }, () => probe.send('echo', { text: 'x'.repeat(50_000) }).sent);
    await probe.transport.close();
    await Promise.all(sent);
    expect(probe.closes).toEqual([50]);
  });

  it('refuses what is sent meanwhile and afterwards', async () => {
    const probe = await probes.open(server('stubborn', [], short));
    await probe.notified('ready');
    const closing = probe.transport.close();
    const lost = { code: 'CONNECTION_LOST', maybeExecuted: false };
    await expect(probe.send('ping').sent).rejects.toMatchObject(lost);
    await closing;
    await expect(probe.send('ping').sent).rejects.toMatchObject(lost);
  });

  it('terminates a server that stays after the end of its input', async () => {
    const probe = await probes.open(server('stubborn', [], { ...long, closeGraceMs: 50 }));
    const { pid } = await probe.notified('ready');
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
    expect(probe.transport.end).toBeUndefined();
  });

  it('kills a server that ignores SIGTERM too', async () => {
    const probe = await probes.open(server('stubborn', ['no-sigterm'], short));
    const { pid } = await probe.notified('ready');
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
  });

  it('kills a server that is stopped', async () => {
    const probe = await probes.open(server('stubborn', [], short));
    const { pid } = await probe.notified('ready');
    probe.kill('SIGSTOP');
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
  });

  it('runs to its end when nobody awaits it', async () => {
    const probe = await probes.open(server('stubborn', ['no-sigterm'], short));
    const { pid } = await probe.notified('ready');
    void probe.transport.close();
    await probe.closed();
    expect(isRunning(pid)).toBe(false);
  });

  it('does not need a start', async () => {
    const probe = probes.create(server('echo'));
    await probe.transport.close();
    await probe.transport.destroy();
    expect(probe.closes).toEqual([]);
  });

  it('works during a start that fails', async () => {
    const probe = probes.create({ command: '/no/such/program' });
    const { transport } = probe;
    const [start] = await Promise.allSettled([transport.start(), transport.close(), transport.destroy()]);
    expect(start).toMatchObject({ status: 'rejected', reason: { code: 'CONNECT_FAILED' } });
    expect(probe.closes).toEqual([]);
  });

  it.each(['close', 'destroy'] as const)('works during the start: %s', async (how) => {
    const probe = probes.create(server('echo', [], long));
    const starting = probe.transport.start();
    await Promise.all([probe.transport[how](), starting]);
    expect(probe.transport.pid).toBeUndefined();
    expect(probe.closes).toHaveLength(1);
  });

  it('may be asked for from several places, and again', async () => {
    const probe = await probes.open(server('stubborn', ['no-sigterm'], short));
    const { pid } = await probe.notified('ready');
    await Promise.all([probe.transport.close(), probe.transport.close(), probe.transport.close()]);
    expect(isRunning(pid)).toBe(false);
    await probe.transport.close();
    await probe.transport.destroy();
    expect(probe.closes).toHaveLength(1);
  });

  it.each([
    ['exits', server('echo'), 'exit'],
    ['writes too much', server('huge', ['1'], { ...short, maxMessageBytes: 1_000 }), 'ping'],
  ])('may be asked for by the close handler of a server that %s', async (_, spec, method) => {
    const probe = await probes.open(spec);
    let closed: Promise<void> | undefined;
    let calls = 0;
    probe.transport.onclose = () => {
      calls++;
      closed = probe.transport.close();
    };
    await probe.send(method, { code: 0 }).sent;
    await eventually('it is closed', () => closed !== undefined);
    await closed;
    expect(calls).toBe(1);
  });

  it('is not disturbed by handlers that throw', async () => {
    const probe = await probes.open(server('echo', [], long));
    const fail = (): never => {
      throw new Error('the handler failed');
    };
    probe.transport.onclose = fail;
    await probe.transport.close();
    expect(probe.errors.map((error) => error.message)).toEqual(['the handler failed']);
    probe.transport.onerror = fail;
    await probe.transport.destroy();
  });
});

describe('T2 stdio stop by force', () => {
  it('kills at once, and everything settles', async () => {
    const noLeaks = leakCheck();
    const probe = await probes.open(server('stubborn', ['deaf', 'no-sigterm'], long));
    const { pid } = await probe.notified('ready');
    const sends = Array.from({ length: 100 }, () => probe.send('echo', { text: 'x'.repeat(100_000) }).sent);
    const outcomes = Promise.allSettled(sends);
    await probe.transport.destroy();
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
    expect(probe.transport.end).toBeUndefined();
    expect((await outcomes).at(-1)?.status).toBe('rejected');
    await noLeaks();
  });

  it.each([
    ['that ignores the end of its input', 'end', long],
    ['that ignores SIGTERM', 'SIGTERM', { ...long, closeGraceMs: 50 }],
  ])('cuts short the wait for a server %s', async (_, ignored, graces) => {
    const probe = await probes.open(server('stubborn', ['no-sigterm'], graces));
    const { pid } = await probe.notified('ready');
    const closing = probe.transport.close();
    await probe.notified(ignored);
    await Promise.all([probe.transport.destroy(), closing]);
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
  });

  it('cuts short the wait for a server that does not read', async () => {
    const probe = await probes.open(server('stubborn', ['deaf'], long));
    const { pid } = await probe.notified('ready');
    const wedged = probe.send('echo', { text: 'x'.repeat(4_000_000) }).sent;
    const closing = probe.transport.close();
    await Promise.all([
      expect(wedged).rejects.toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true }),
      nextTurn().then(() => probe.transport.destroy()),
      closing,
    ]);
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
  });

  it('delivers nothing any more, not even what is there', async () => {
    const probe = await probes.open(server('echo'));
    let destroyed: Promise<void> | undefined;
    probe.transport.onmessage = (message) => {
      probe.messages.push(message);
      destroyed = probe.transport.destroy();
    };
    const [many] = base64('{"jsonrpc":"2.0","method":"word"}\n'.repeat(1_000));
    await probe.send('raw', { pieces: [many] }).sent;
    await eventually('it is destroyed', () => destroyed !== undefined);
    await destroyed;
    expect(probe.messages).toHaveLength(1);
    expect(probe.problems).toEqual([]);
  });
});

describe('T2 stdio stop of a whole tree', () => {
  it.each([
    ['its child keeps the pipes', 'inherit', []],
    ['its child has let go of the pipes', 'ignore', []],
    ['its child ignores SIGTERM', 'inherit', ['no-sigterm']],
  ])('when the server leaves at once and %s', async (_, stdio, traits) => {
    const noLeaks = leakCheck();
    const probe = await probes.open(server('family', ['eof', stdio, ...traits], short));
    const { pid, child } = await probe.notified('ready');
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    expect(isRunning(child)).toBe(false);
    expect(probe.closes).toHaveLength(1);
    await noLeaks();
  });

  it('by force', async () => {
    const probe = await probes.open(server('family', ['eof', 'inherit', 'no-sigterm'], long));
    const { pid, child } = await probe.notified('ready');
    await probe.transport.destroy();
    expect(isRunning(pid)).toBe(false);
    expect(isRunning(child)).toBe(false);
  });

  it.each(['inherit', 'ignore'])('when the server dies and its child, stdio %s, stays', async (stdio) => {
    const probe = await probes.open(server('family', ['at-once', stdio], long));
    const { child } = await probe.notified('ready');
    await probe.closed();
    expect(probe.transport.end).toEqual({ what: 'exited with code 3' });
    await eventually('the child is gone', () => !isRunning(child));
    await probe.transport.close();
    expect(probe.closes).toHaveLength(1);
  });

  it.each(['eof', 'at-once'])('except a daemon, which does not hold it up, leaving %s', async (leaves) => {
    const noLeaks = leakCheck();
    const probe = await probes.open(server('family', [leaves, 'inherit', 'daemon'], long));
    const { child } = await probe.notified('ready');
    try {
      if (leaves === 'at-once') await probe.closed();
      await probe.transport.close();
      expect(probe.closes).toHaveLength(1);
      expect(isRunning(child)).toBe(true);
      await noLeaks();
    } finally {
      process.kill(Number(child), 'SIGKILL');
    }
  });

  it.each([
    ['a shell', '/bin/sh', (line: string) => ['-c', `${line}; exit $?`]],
    ['npx', 'npx', (line: string) => ['--offline', '--call', line]],
  ])('when the server was started by %s', async (_, launcher, argsFor) => {
    const { command, args = [] } = server('stubborn');
    const line = [command, ...args].map((word) => `'${word}'`).join(' ');
    const probe = await probes.open({ command: launcher, args: argsFor(line), ...short });
    const { pid } = await probe.notified('ready');
    expect(pid).not.toBe(probe.transport.pid);
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
  });
});

describe('T4 stdio pipes that are full or broken', () => {
  it('reads what a leaving server still has to say', async () => {
    const probe = await probes.open(server('stubborn', ['last-words=8000000'], long));
    await probe.notified('ready');
    await probe.transport.close();
    expect(probe.messages.at(-1)).toMatchObject({ method: 'done' });
    expect(probe.closes).toEqual([probe.messages.length]);
  });

  it("does not let the caller's stderr stream keep a server", async () => {
    const stuck = new Writable({ highWaterMark: 1, write() {} });
    const probe = await probes.open(server('echo', [], { ...long, stderr: stuck }));
    // More than the pipe takes: the server is held up in the middle of its answer.
    const piece = Buffer.from('x'.repeat(4_000_000)).toString('base64');
    await probe.send('raw', { pieces: [piece], to: 2 }).sent;
    await eventually('the pipe is full', () => stuck.writableNeedDrain);
    await probe.transport.close();
    expect(probe.messages).toHaveLength(1);
    stuck.destroy();
  });

  it('waits for a slow server, and every byte arrives', async () => {
    const probe = await probes.open(server('echo'));
    const text = 'x'.repeat(100_000);
    const ids = Array.from({ length: 100 }, () => probe.send('echo', { text }));
    await Promise.all(ids.map(({ sent }) => sent));
    await eventually('100 messages', () => probe.messages.length === 100);
    expect(probe.messages.every((message) => 'result' in message && message.result['text'] === text)).toBe(
      true,
    );
  });

  it('settles every send when a server that reads nothing is killed', async () => {
    const probe = await probes.open(server('stubborn', ['deaf']));
    await probe.notified('ready');
    const sends = Array.from({ length: 200 }, () => probe.send('echo', { text: 'x'.repeat(100_000) }).sent);
    const outcomes = Promise.allSettled(sends);
    let first = 'pending';
    sends[0]?.then(
      () => (first = 'sent'),
      () => (first = 'lost'),
    );
    await eventually('the first is settled', () => first !== 'pending');
    expect(first).toBe('sent');
    probe.kill();
    const reasons = (await outcomes).flatMap((outcome) =>
      outcome.status === 'rejected' ? [outcome.reason] : [],
    );
    expect(reasons.length).toBeGreaterThan(100);
    expect(reasons[0]).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
    for (const reason of reasons.slice(1)) {
      expect(reason).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    }
    await probe.closed();
    expect(probe.transport.end).toEqual({ what: 'was killed by signal SIGKILL' });
  });

  it('closes in bounded time when the server reads nothing', async () => {
    const probe = await probes.open(server('stubborn', ['deaf', 'no-sigterm'], short));
    const { pid } = await probe.notified('ready');
    const wedged = probe.send('echo', { text: 'x'.repeat(4_000_000) }).sent;
    const behind = probe.send('ping').sent;
    const outcomes = Promise.allSettled([wedged, behind]);
    await probe.transport.close();
    expect(isRunning(pid)).toBe(false);
    const message = expect.stringContaining('the connection was closed before the server had read it');
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'CONNECTION_LOST', maybeExecuted: true, message } },
      { status: 'rejected', reason: { code: 'CONNECTION_LOST', maybeExecuted: false, message } },
    ]);
  });

  it('does not take a message for sent when the server dies while the rest is written out', async () => {
    const probe = await probes.open(server('stubborn', ['deaf'], long));
    await probe.notified('ready');
    const wedged = probe.send('echo', { text: 'x'.repeat(4_000_000) }).sent;
    const closing = probe.transport.close();
    await nextTurn();
    probe.kill();
    const [outcome] = await Promise.allSettled([wedged, closing]);
    expect(outcome).toMatchObject({
      status: 'rejected',
      reason: { code: 'CONNECTION_LOST', maybeExecuted: true },
    });
    expect(probe.transport.end).toBeUndefined();
  });

  it('gives up a server that has closed its input, as soon as something is sent', async () => {
    const probe = await probes.open(server('echo'));
    const { pid } = probe.transport;
    await probe.ask('closePipe', { fd: 0 });
    await probe.notified('still here');
    const { sent } = probe.send('ping');
    await expect(sent).rejects.toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: false });
    await probe.closed();
    expect(probe.transport.end?.what).toBe('closed its standard input');
    expect(probe.transport.end?.error).toMatchObject({ code: 'EPIPE' });
    const heard = probe.stderrLines.length;
    await eventually('three more lines', () => probe.stderrLines.length > heard + 3);
    expect(probe.messages).toHaveLength(probe.closes[0] ?? 0);
    await probe.transport.destroy();
    expect(isRunning(pid)).toBe(false);
    expect(probe.closes).toHaveLength(1);
  });
});
