import { describe, expect, it } from 'vitest';
import type { GroupServerSpec, PlenumErrorCode, SessionGroup } from '../../../src/index.ts';
import { serveWebSocket, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup } from '../../support/groups.ts';
import { http, local, tools } from '../../support/servers.ts';
import { expectGoneForGood, runningPids, startedPids } from '../../support/processes.ts';
import { RawServer } from '../../support/raw-server.ts';
import { ledgerFile } from '../../support/folders.ts';

/** A group with one good server, as a witness that nothing of a refused one is left. */
async function groupWithWitness(): Promise<{ group: SessionGroup; expectAsBefore: () => Promise<void> }> {
  const group = newGroup();
  await group.add('witness', { server: local({ tools: tools('echo') }) });
  const { catalog } = group;
  const expectAsBefore = async (): Promise<void> => {
    expect([...group.servers.keys()]).toEqual(['witness']);
    expect(group.catalog).toBe(catalog);
    expect((await failureOf(group.remove('bad'))).code).toBe('UNKNOWN_SERVER');
    // The name is free: a good server can have it.
    await group.add('bad', { server: local({ tools: tools('good') }) });
    await group.callTool('bad__good');
    await group.callTool('witness__echo');
  };
  return { group, expectAsBefore };
}

/** Only what hangs is to run out of time: a process starts and a transport loads slowly on a machine that is busy. */
function limitFor(code: PlenumErrorCode): number {
  return code === 'TIMEOUT' ? 6_000 : 60_000;
}

describe('G2 a child process that fails leaves nothing behind, whatever failed', () => {
  const failures: [string, ServerScript, PlenumErrorCode, RegExp][] = [
    [
      'it exits at once',
      { faults: { exitAtStart: { code: 7, stderr: 'no licence found' } } },
      'CONNECT_FAILED',
      /7[^]*no licence found/,
    ],
    [
      'it dies when it is greeted',
      { faults: { dieOnInitialize: true, dieOnDiscover: true } },
      'CONNECT_FAILED',
      /./,
    ],
    [
      'it refuses to be greeted',
      { era: 'legacy', faults: { refuse: { initialize: { code: -32_000, message: 'go away' } } } },
      'CONNECT_FAILED',
      /go away/,
    ],
    [
      'it speaks a version that nobody knows',
      { era: 'legacy', answerVersion: '1999-01-01' },
      'CONNECT_FAILED',
      /1999-01-01/,
    ],
    ['it never answers', { faults: { neverInitialize: true } }, 'TIMEOUT', /./],
    ['it never reads', { startDelayMs: 60_000 }, 'TIMEOUT', /./],
    [
      'it never answers and will not leave',
      { faults: { neverInitialize: true, ignoreTermination: true } },
      'TIMEOUT',
      /./,
    ],
    [
      'it dies while it is listed',
      { tools: [], faults: { flap: { afterMs: 300 }, ignore: ['tools/list'] } },
      'CONNECTION_LOST',
      /./,
    ],
  ];

  it.each(failures)('%s', async (_how, script, code, message) => {
    const { group, expectAsBefore } = await groupWithWitness();
    const ledger = ledgerFile();
    const spec = {
      ...stdioSpec({ ...script, ledgerFile: ledger }),
      closeGraceMs: 200,
      terminateGraceMs: 200,
    };
    const connectTimeoutMs = limitFor(code);
    const error = await failureOf(group.add('bad', { ...spec, connectTimeoutMs }));
    await expectGoneForGood(ledger);
    expect(startedPids(ledger).length).toBeGreaterThan(0);
    expect(error).toMatchObject({ code, server: 'bad' });
    expect(error.message).toMatch(message);
    expect(error.message).toContain('"bad"');
    await expectAsBefore();
  });

  it('a program that does not exist', async () => {
    const { group, expectAsBefore } = await groupWithWitness();
    const error = await failureOf(group.add('bad', { command: 'no-such-program-anywhere' }));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'bad' });
    expect(error.message).toContain('no-such-program-anywhere');
    await expectAsBefore();
  });
});

describe('G2 a remote server that fails leaves no socket behind', () => {
  const failures: [string, ServerScript, PlenumErrorCode][] = [
    ['it has broken down', { faults: { httpStatus: { status: 500 } } }, 'CONNECT_FAILED'],
    ['it wants credentials', { faults: { httpStatus: { status: 401 } } }, 'AUTH_REQUIRED'],
    ['it never answers', { faults: { neverInitialize: true } }, 'TIMEOUT'],
    [
      'it refuses to be greeted',
      { faults: { dieOnInitialize: true, dieOnDiscover: true } },
      'CONNECT_FAILED',
    ],
  ];

  it.each(failures)('%s', async (_how, script, code) => {
    const { group, expectAsBefore } = await groupWithWitness();
    const server = await http(script);
    const connectTimeoutMs = limitFor(code);
    const error = await failureOf(group.add('bad', { url: server.url, connectTimeoutMs }));
    await eventually('its sockets are closed', () => server.openSockets === 0);
    expect(error).toMatchObject({ code, server: 'bad' });
    await expectAsBefore();
  });

  it('nobody listens there', async () => {
    const { group, expectAsBefore } = await groupWithWitness();
    const server = await http();
    await server.close();
    const error = await failureOf(group.add('bad', { url: server.url }));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'bad' });
    await expectAsBefore();
  });

  it('the WebSocket is refused', async () => {
    const { group, expectAsBefore } = await groupWithWitness();
    await using server = await serveWebSocket({ faults: { httpStatus: { status: 503 } } });
    const error = await failureOf(group.add('bad', { url: server.url }));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'bad' });
    await expectAsBefore();
  });
});

describe('G2 what the caller gives may fail as well', () => {
  it.each<[string, GroupServerSpec]>([
    ['a server object that will not be connected', { server: { connect: broken, close: async () => {} } }],
    ['a transport function that throws', { transport: broken }],
    ['headers that cannot be had', { url: 'http://127.0.0.1:9/mcp', headers: broken }],
  ])('%s', async (_what, spec) => {
    const { group, expectAsBefore } = await groupWithWitness();
    const error = await failureOf(group.add('bad', spec));
    expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 'bad' });
    expect(error.message).toContain('broken on purpose');
    await expectAsBefore();
  });

  it('a name that clashes: the process has ended when the call rejects', async () => {
    const group = newGroup({ naming: 'bare' });
    await group.add('first', { server: local({ tools: tools('echo') }) });
    const before = group.catalog;
    const ledger = ledgerFile();
    const error = await failureOf(group.add('bad', stdioSpec({ tools: tools('echo'), ledgerFile: ledger })));
    expect(runningPids(ledger)).toEqual([]);
    expect(error.code).toBe('NAME_COLLISION');
    expect(group.catalog).toBe(before);
    expect([...group.servers.keys()]).toEqual(['first']);
    await expectGoneForGood(ledger);
  });

  it('a naming function that throws, for one entry of many', async () => {
    const naming = (name: string): string => {
      if (name === 'cursed') throw new Error('broken on purpose');
      return name;
    };
    const group = newGroup({ naming });
    await group.add('first', { server: local({ tools: tools('echo') }) });
    const before = group.catalog;
    const server = new RawServer(
      { tools: {} },
      {
        'tools/list': () => ({
          tools: ['fine', 'cursed'].map((name) => ({ name, inputSchema: { type: 'object' } })),
        }),
      },
    );
    const error = await failureOf(group.add('bad', { server }));
    expect(error.message).toContain('broken on purpose');
    expect(server).toMatchObject({ open: 0, closes: 1 });
    expect(group.catalog).toBe(before);
    expect([...group.servers.keys()]).toEqual(['first']);
  });
});

function broken(): never {
  throw new Error('broken on purpose');
}
