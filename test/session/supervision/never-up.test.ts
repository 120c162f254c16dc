import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PlenumError, type GroupServerSpec, type SessionStatus } from '../../../src/index.ts';
import { connectFailed } from '../../../src/errors/connect.ts';
import { isFinal } from '../../../src/session/supervision/final-errors.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { newFolder } from '../../support/folders.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { http, local, tools } from '../../support/servers.ts';

const QUICK = { delayMs: 10, maxDelayMs: 50 };

function statesOf(log: EventLog<{ type: string }>, name: string): string[] {
  return log.all.flatMap((event) => {
    const { type, server, status } = event as { type: string; server?: string; status?: SessionStatus };
    return type === 'status' && server === name && status !== undefined ? [status.state] : [];
  });
}

/** Servers that cannot come up, whatever is waited for: each is made in a folder of its own. */
const HOPELESS: Record<string, (folder: string) => GroupServerSpec> = {
  'no such command': () => ({ command: 'no-such-command-anywhere' }),
  'no such path': (folder) => ({ command: join(folder, 'missing') }),
  'a file that may not be run': (folder) => ({ command: file(folder, 'no program', 0o644) }),
  'a folder': (folder) => ({ command: folder }),
  'a file as a folder': (folder) => ({ command: join(file(folder, '', 0o644), 'program') }),
  'no such interpreter': (folder) => ({ command: file(folder, '#!/no/such/interpreter\n', 0o755) }),
  'no such cwd': (folder) => ({ command: process.execPath, cwd: join(folder, 'missing') }),
  'a cwd that is a file': (folder) => ({ command: process.execPath, cwd: file(folder, '', 0o644) }),
  'an invalid URL at runtime': () => ({
    transport: () => {
      throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL' });
    },
  }),
  'another version of the protocol': () => ({
    server: local({ era: 'legacy', answerVersion: '1999-01-01', tools: tools('echo') }),
  }),
};

function file(folder: string, text: string, mode: number): string {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('C9 a server that was never up', () => {
  it('is connecting with attempts, then ready, and only then reconnecting', async () => {
    const late = local({ tools: tools('echo'), faults: { dieOnInitialize: true, dieOnDiscover: true } });
    const group = await connectGroup({
      servers: { late: { server: late }, good: { server: local({ tools: tools('echo') }) } },
      reconnect: QUICK,
    });
    const log = new EventLog(group);
    const status = await eventually('the third attempt', () => {
      const now = group.servers.get('late');
      return now?.state === 'connecting' && now.attempt >= 3 && now.nextTryAt !== undefined ? now : undefined;
    });
    expect(status.error).toBeInstanceOf(PlenumError);
    expect(statesOf(log, 'late')).not.toContain('reconnecting');
    expect(jsonOf(await group.callTool('good__echo', { a: 1 }))).toEqual({ a: 1 });
    late.setFaults({ dieOnInitialize: null, dieOnDiscover: null });
    await eventually('it is up', () => group.tools.has('late__echo'));
    late.crash();
    await eventually('it is lost', () => statesOf(log, 'late').includes('reconnecting'));
    await eventually('it is back', () => group.servers.get('late')?.state === 'ready');
    expect(statesOf(log, 'good')).toEqual([]);
  });

  it.each(Object.entries(HOPELESS))('has failed after one attempt: %s', async (_, make) => {
    const spec = make(newFolder());
    const group = await connectGroup({
      servers: { bad: spec, good: { server: local({ tools: tools('echo') }) } },
      reconnect: QUICK,
    });
    expect(group.servers.get('bad')).toMatchObject({ state: 'failed', error: { server: 'bad' } });
    const log = new EventLog(group);
    expect((await failureOf(group.session('bad').callTool('x'))).code).toBe('NOT_CONNECTED');
    expect(jsonOf(await group.callTool('good__echo', { a: 1 }))).toEqual({ a: 1 });
    expect(statesOf(log, 'bad')).toEqual([]);
  });

  it('that cannot come up comes up when somebody has mended it and says so', async () => {
    const folder = newFolder();
    const command = join(folder, 'program');
    const group = await connectGroup({ servers: { s: { command } }, reconnect: QUICK });
    expect(group.servers.get('s')?.state).toBe('failed');
    const spec = stdioSpec({ tools: tools('echo') });
    const line = [spec.command, ...(spec.args ?? [])].map((part) => `'${part}'`).join(' ');
    writeFileSync(command, `#!/bin/sh\nexec ${line}\n`);
    chmodSync(command, 0o755);
    await group.session('s').reconnect();
    await eventually('its tools', () => group.tools.has('s__echo'));
  });

  it.each([
    ['nobody listens', async () => ({ url: await closedPort() })],
    ['the process exits at once', async () => stdioSpec({ faults: { exitAtStart: { code: 1 } } })],
    [
      'the server answers 503',
      async () => ({ url: (await http({ faults: { httpStatus: { status: 503 } } })).url }),
    ],
  ] satisfies [string, () => Promise<GroupServerSpec>][])('goes on being tried when %s', async (_, spec) => {
    const group = await connectGroup({ servers: { s: await spec() }, reconnect: QUICK });
    const third = await eventually('the third attempt', () => {
      const status = group.servers.get('s');
      return (status?.attempt ?? 0) >= 3 ? status : undefined;
    });
    expect(third.state).toBe('connecting');
  });

  it('is failed when its attempts are used up', async () => {
    const group = await connectGroup({
      servers: { s: stdioSpec({ faults: { exitAtStart: { code: 1 } } }) },
      reconnect: { ...QUICK, attempts: 2 },
    });
    const log = new EventLog(group);
    await eventually('it has failed', () => group.servers.get('s')?.state === 'failed');
    expect(statesOf(log, 's')).not.toContain('reconnecting');
  });
});

async function closedPort(): Promise<URL> {
  const server = await http();
  const { url } = server;
  await server.close();
  return new URL(url);
}

describe('C9 what another attempt cannot mend', () => {
  const failing = (code: string, syscall?: string): PlenumError =>
    connectFailed('s', 'no.', {
      cause: new Error('outer', { cause: Object.assign(new Error('inner'), { code, syscall }) }),
    });
  const spawned = [
    'ENOENT',
    'ENOTDIR',
    'EACCES',
    'EPERM',
    'ENOEXEC',
    'EISDIR',
    'ELOOP',
    'ENAMETOOLONG',
    'E2BIG',
  ];

  it.each(spawned)('%s of a program, and not of a socket or a file', (code) => {
    expect(isFinal(failing(code, 'spawn x'), false)).toBe(true);
    expect(isFinal(failing(code, 'connect'), false)).toBe(false);
    expect(isFinal(failing(code), false)).toBe(false);
  });

  it.each(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ETXTBSY', 'EBUSY', 'EIO'])('but not %s', (code) => {
    expect(isFinal(failing(code, 'spawn x'), false)).toBe(false);
  });

  it.each([
    'ECONNREFUSED',
    'EAI_AGAIN',
    'ENOTFOUND',
    'ECONNRESET',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EPIPE',
  ])('nor %s of the network', (code) => {
    expect(isFinal(failing(code, 'connect'), false)).toBe(false);
    expect(isFinal(failing(code, 'getaddrinfo'), false)).toBe(false);
  });

  it.each([
    ['CONFIG_INVALID', true],
    ['AUTH_REQUIRED', true],
    ['TIMEOUT', false],
    ['CONNECTION_LOST', false],
  ] as const)('%s: %s', (code, final) => {
    expect(isFinal(new PlenumError(code, 'x'), false)).toBe(final);
    expect(isFinal(new PlenumError(code, 'x'), true)).toBe(final);
  });

  it('a server that was up may come back from a missing program', () => {
    expect(isFinal(failing('ENOENT', 'spawn x'), true)).toBe(false);
  });

  it('causes in a circle end', () => {
    const error = new Error('round');
    error.cause = error;
    expect(isFinal(connectFailed('s', 'no.', { cause: error }), false)).toBe(false);
  });
});
