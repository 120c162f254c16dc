import { describe, expect, it } from 'vitest';
import { memoryCatalogCache } from '../../../src/group/cache/memory-catalog-cache.ts';
import type { SessionSource, SourcedServer } from '../../../src/group/members/session-source.ts';
import { PlenumError, SessionGroup } from '../../../src/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { bounded, eventually, settled } from '../../support/eventually.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { stateOf, untilState } from '../support/lazy.ts';
import { ERAS, http, local, requestsOf, tools } from '../../support/servers.ts';
import { startedPids } from '../../support/processes.ts';
import { gate } from '../../support/raw-server.ts';
import { TinySource } from '../support/tiny-source.ts';
import { ledgerFile } from '../../support/folders.ts';

const SCRIPT: ServerScript = {
  name: 'lent',
  instructions: 'Handle with care.',
  tools: [
    { name: 'echo' },
    { name: 'hang', does: { type: 'hang' } },
    { name: 'crash', does: { type: 'crash' } },
    { name: 'log', does: { type: 'log', level: 'error', data: 'ouch' } },
  ],
  resources: [{ uri: 'file:///a' }],
  prompts: [{ name: 'summary' }],
};

describe.each(ERAS)('a group takes sessions from a source (%s)', (era) => {
  it('beside others, and shows and calls what is there', async () => {
    const source = new TinySource({ s: { server: local({ ...SCRIPT, era }) } });
    const group = await connectGroup({
      servers: { s: { source, principal: 'alice', connectTimeoutMs: 9_000 }, b: { server: local(SCRIPT) } },
      strict: true,
    });
    expect(source.acquired).toEqual([{ server: 's', principal: 'alice', timeoutMs: 9_000 }]);
    expect(group.servers.get('s')).toMatchObject({
      state: 'ready',
      era,
      serverInfo: { name: 'lent' },
      adopted: false,
      counts: { tools: 4, resources: 1, prompts: 1 },
    });
    expect(group.session('s').instructions).toBe('Handle with care.');
    const { content } = await group.callTool('s__echo', { nr: 1 });
    expect(content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
    await group.readResource('file:///a', { server: 's' });
    await group.getPrompt('s__summary');
    await group.ping({ server: 's' });
  });

  it('close() gives a clean one back, and leaves it well', async () => {
    const source = new TinySource({ s: { server: local({ ...SCRIPT, era }) } });
    const group = await connectGroup({ servers: { s: { source } } });
    await group.callTool('s__echo');
    await group.close();
    expect([source.released, source.discarded, source.lent.size]).toEqual([1, 0, 0]);
    const [session] = source.idle;
    expect(session?.status.state).toBe('ready');
    await session?.callTool('echo');
  });

  it('destroy() fails what is under way at once, and discards it', async () => {
    const source = new TinySource({ s: { server: local({ ...SCRIPT, era }) } });
    const group = await connectGroup({ servers: { s: { source } } });
    const hung = failureOf(group.callTool('s__hang', {}, { timeoutMs: Infinity }));
    await group.callTool('s__echo');
    await bounded('destroy', group.destroy(new Error('enough')));
    expect((await bounded('the call', hung)).code).toBe('SESSION_CLOSED');
    expect([source.released, source.discarded]).toEqual([0, 1]);
  });

  it('destroy() fails what is under way also when the source takes its time', async () => {
    const source = new TinySource({ s: { server: local({ ...SCRIPT, era }) } });
    const held = gate();
    const slow: SessionSource = {
      acquire: async (...args) => ({ ...(await source.acquire(...args)), discard: () => held.promise }),
    };
    const group = await connectGroup({ servers: { s: { source: slow } } });
    const hung = failureOf(group.callTool('s__hang', {}, { timeoutMs: Infinity }));
    await group.callTool('s__echo');
    const destroyed = group.destroy();
    expect((await bounded('the call', hung)).code).toBe('SESSION_CLOSED');
    held.open();
    await bounded('destroy', destroyed);
  });

  it('close() lets a call under way finish first', async () => {
    const server = local({ ...SCRIPT, era, answerDelayMs: 50 });
    const source = new TinySource({ s: { server } });
    const group = await connectGroup({ servers: { s: { source } } });
    const call = group.callTool('s__echo', { nr: 1 });
    await group.close();
    expect((await call).content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
    expect(source.released).toBe(1);
  });

  it('follows changes of lists', async () => {
    const server = local({ ...SCRIPT, era });
    const source = new TinySource({ s: { server } });
    const group = await connectGroup({ servers: { s: { source } } });
    server.setTools(tools('fresh'));
    await eventually('the change', () => group.tools.has('s__fresh'));
    expect(group.tools.size).toBe(1);
    if (era === 'modern') expect(requestsOf(server, 'subscriptions/listen')).toHaveLength(1);
  });

  it('brings updates of resources; a session that was asked for them is not lent to others', async () => {
    const server = local({ ...SCRIPT, era });
    const source = new TinySource({ s: { server } });
    const group = await connectGroup({ servers: { s: { source } } });
    const log = new EventLog(group);
    await group.subscribeResource('file:///a');
    server.resourceUpdated('file:///a');
    await log.until('resource-updated', ({ server: from }) => from === 's');
    await group.unsubscribeResource('file:///a');
    await group.close();
    expect([source.released, source.discarded]).toEqual([0, 1]);
  });

  it('brings logs; a session that was told a level and keeps it is not lent to others', async () => {
    const server = local({ ...SCRIPT, era });
    const source = new TinySource({ s: { server } });
    const group = await connectGroup({ servers: { s: { source } } });
    const log = new EventLog(group);
    await group.setLoggingLevel('debug', { server: 's' });
    await group.callTool('s__log');
    expect((await log.until('log')).data).toBe('ouch');
    await group.close();
    expect([source.released, source.discarded]).toEqual(era === 'legacy' ? [0, 1] : [1, 0]);
  });

  it('a raw request may ask for anything: not lent to others either', async () => {
    const source = new TinySource({ s: { server: local({ ...SCRIPT, era }) } });
    const group = await connectGroup({ servers: { s: { source } } });
    await group.session('s').request({ method: 'tools/list' });
    await group.close();
    expect(source.discarded).toBe(1);
  });

  it('a session that dies is replaced by another one, and what was asked for with it', async () => {
    const server = local({ ...SCRIPT, era });
    const source = new TinySource({ s: { server } });
    const group = await connectGroup({ servers: { s: { source } } });
    const log = new EventLog(group);
    await group.subscribeResource('file:///a');
    expect(await failureOf(group.callTool('s__crash'))).toMatchObject({
      code: 'CONNECTION_LOST',
      server: 's',
    });
    await group.callTool('s__echo');
    expect(source.acquired).toHaveLength(2);
    expect(source.discarded).toBe(1);
    expect(stateOf(group)).toBe('ready');
    server.resourceUpdated('file:///a');
    await log.until('resource-updated');
    expect(log.of('catalog')).toEqual([]);
  });

  it('one whose owner closes it is replaced, too', async () => {
    const source = new TinySource({ s: { server: local({ ...SCRIPT, era }) } });
    const group = await connectGroup({ servers: { s: { source } } });
    await [...source.lent][0]?.close();
    await eventually('another one', () => source.acquired.length === 2 && stateOf(group) === 'ready');
    await group.callTool('s__echo');
    expect(source.lent.size).toBe(1);
  });

  it('lazy: it is leased only while it is used', async () => {
    const server = local({ ...SCRIPT, era });
    const source = new TinySource({ s: { server } });
    const catalogCache = memoryCatalogCache();
    const servers = { s: { source, lazy: { idleMs: 20 } } };
    const group = await connectGroup({ servers, catalogCache });
    await untilState(group, 'idle');
    await eventually('it is back', () => source.released === 1);
    const calls = Array.from({ length: 10 }, (_, nr) => group.callTool('s__echo', { nr }));
    await Promise.all(calls);
    await untilState(group, 'idle');
    await eventually('it is back again', () => source.released === 2);
    expect([source.acquired.length, source.discarded, server.connections]).toEqual([2, 0, 1]);
    const next = await connectGroup({ servers, catalogCache });
    expect([next.tools.size, stateOf(next), source.acquired.length]).toEqual([4, 'idle', 2]);
  });
});

describe('a source that does not lend', () => {
  const failing = (code: 'POOL_EXHAUSTED' | 'CIRCUIT_OPEN'): SessionSource => ({
    acquire: () => Promise.reject(new PlenumError(code, `It is ${code}.`, { server: 'pool' })),
  });

  it.each(['POOL_EXHAUSTED', 'CIRCUIT_OPEN'] as const)(
    'add(), strict and a lazy call say %s',
    async (code) => {
      const source = failing(code);
      expect((await failureOf(newGroup().add('s', { source }))).code).toBe(code);
      const strict = await failureOf(SessionGroup.connect({ servers: { s: { source } }, strict: true }));
      expect(strict.errors?.map((error) => error.code)).toEqual([code]);

      const good = new TinySource({ s: { server: local(SCRIPT) } });
      const group = await connectGroup({ servers: { s: { source: good, lazy: { idleMs: 20 } } } });
      await untilState(group, 'idle');
      good.before = () => source.acquire('s');
      expect(await failureOf(group.callTool('s__echo'))).toMatchObject({ code, maybeExecuted: false });
      expect(group.servers.get('s')).toMatchObject({ state: 'failed', error: { code } });
    },
  );

  it('for now: it is asked again, less and less often, and the server appears', async () => {
    const source = new TinySource({ s: { server: local(SCRIPT) } });
    source.before = () => failing('POOL_EXHAUSTED').acquire('s');
    const group = await connectGroup({ servers: { s: { source, reconnect: { maxDelayMs: 50 } } } });
    expect(group.servers.get('s')).toMatchObject({
      state: 'connecting',
      error: { code: 'POOL_EXHAUSTED' },
    });
    source.before = async () => {};
    await eventually('its tools', () => group.tools.size === 4);
  });

  it('because it is closed, or knows no such server: it is not asked again', async () => {
    for (const code of ['SESSION_CLOSED', 'UNKNOWN_SERVER'] as const) {
      let asked = 0;
      const source = {
        acquire: () => {
          asked++;
          return Promise.reject(new PlenumError(code, 'No.', { server: 's' }));
        },
      };
      const group = await connectGroup({ servers: { s: { source } } });
      expect(group.servers.get('s')).toMatchObject({ state: 'failed', error: { code } });
      expect(await settled(() => asked)).toBe(1);
    }
  });

  it('but throws something else, at once or later: CONNECT_FAILED with that', async () => {
    const cause = new Error('out of chairs');
    const throwing = {
      acquire: () => {
        throw cause;
      },
    };
    for (const source of [throwing, { acquire: () => Promise.reject(cause) }]) {
      const error = await failureOf(newGroup().add('s', { source }));
      expect(error).toMatchObject({ code: 'CONNECT_FAILED', server: 's', cause });
      expect(error.message).toContain('out of chairs');
    }
  });

  it('but answers nonsense: CONNECT_FAILED', async () => {
    const source = { acquire: () => Promise.resolve(undefined as never) };
    const error = await failureOf(newGroup().add('s', { source }));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('must give an object { session, release, discard }');
  });

  it('a session that is not ready: it is discarded, and another one asked for', async () => {
    const source = new TinySource({ s: { server: local(SCRIPT) } });
    const lend = source.acquire.bind(source);
    let first = true;
    const spoiling: SessionSource = {
      acquire: async (...args) => {
        const lent = await lend(...args);
        if (first) await lent.session.close();
        first = false;
        return lent;
      },
    };
    const group = await connectGroup({ servers: { s: { source: spoiling } } });
    await eventually('another one', () => group.tools.size === 4);
    expect([source.acquired.length, source.discarded]).toEqual([2, 1]);
  });

  it('hangs until it is told to stop: TIMEOUT after connectTimeoutMs', async () => {
    const source = new TinySource({ s: { server: local(SCRIPT) } });
    let stopped = 0;
    source.before = (options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener('abort', () => {
          stopped++;
          reject(new Error('stopped'));
        });
      });
    const adding = failureOf(newGroup().add('s', { source, connectTimeoutMs: 100 }));
    expect((await bounded('add', adding)).code).toBe('TIMEOUT');
    expect(stopped).toBe(1);
  });

  it.each(['close', 'destroy'] as const)(
    '%s of the group does not wait for it; what comes later goes back',
    async (exit) => {
      const source = new TinySource({ s: { server: local(SCRIPT) } });
      const held = gate();
      source.before = () => held.promise;
      const group = newGroup();
      const adding = failureOf(group.add('s', { source }));
      await eventually('it is asked', () => source.acquired.length === 1);
      await bounded(exit, group[exit]());
      expect((await adding).code).toBe('SESSION_CLOSED');
      held.open();
      await eventually('it is given back', () => source.released === 1);
      expect([source.lent.size, source.discarded]).toEqual([0, 0]);
    },
  );

  it('add() that is aborted: what comes later goes back', async () => {
    const source = new TinySource({ s: { server: local(SCRIPT) } });
    const held = gate();
    source.before = () => held.promise;
    const controller = new AbortController();
    const adding = failureOf(newGroup().add('s', { source }, { signal: controller.signal }));
    await eventually('it is asked', () => source.acquired.length === 1);
    controller.abort();
    expect((await bounded('add', adding)).code).toBe('ABORTED');
    held.open();
    await eventually('it is given back', () => source.released === 1);
  });

  const BADLY: Record<string, () => Promise<void>> = {
    rejects: () => Promise.reject(new Error('no room')),
    throws: () => {
      throw new Error('no room');
    },
    'never answers': () => new Promise(() => {}),
  };
  it.each(Object.entries(BADLY))('nor take back, but %s: nobody waits for ever', async (how, release) => {
    const source = new TinySource({ s: { server: local(SCRIPT) } });
    const careless: SessionSource = {
      acquire: async (...args) => ({ ...(await source.acquire(...args)), release }),
    };
    const group = newGroup();
    const log = new EventLog(group);
    const session = await group.add('s', { source: careless, lazy: { idleMs: 10 } });
    await untilState(group, 'idle');
    if (how !== 'never answers') expect((await log.until('problem')).error.message).toContain('no room');
    await bounded('close', group.close());
    expect(session.status.state).toBe('closed');
  });
});

describe('a session on loan over a real transport', () => {
  it('a process that is killed: another loan, another process', async () => {
    const ledger = ledgerFile();
    const source = new TinySource({
      s: { ...stdioSpec({ ...SCRIPT, ledgerFile: ledger }), reconnect: false },
    });
    const group = await connectGroup({ servers: { s: { source } } });
    const status = group.servers.get('s');
    expect(status?.pid).toBeGreaterThan(0);
    process.kill(status?.pid ?? 0, 'SIGKILL');
    await eventually('another one', () => source.acquired.length === 2 && stateOf(group) === 'ready');
    await group.callTool('s__echo');
    expect(startedPids(ledger).length).toBeGreaterThan(1);
  });

  it('stderr of its process is passed on', async () => {
    const source = new TinySource({ s: stdioSpec({ ...SCRIPT, tools: [{ name: 'echo' }] }) });
    const group = newGroup();
    const log = new EventLog(group);
    await group.add('s', { source });
    const [session] = source.lent;
    await session?.request({ method: 'testing/control', params: { command: 'notify', method: 'x/y' } });
    expect((await log.until('notification')).method).toBe('x/y');
  });

  it.each(ERAS)('HTTP: an expired session is replaced under the call (%s)', async (era) => {
    const server = await http({ ...SCRIPT, era });
    const source = new TinySource({ s: { url: server.url } });
    const group = await connectGroup({ servers: { s: { source } } });
    server.expireSessions();
    const { content } = await group.callTool('s__echo', { nr: 1 });
    expect(content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
  });
});

describe('a sourced server is checked', () => {
  const source: SessionSource = { acquire: () => Promise.reject(new Error('not asked')) };
  it.each([
    [{ source: {} }],
    [{ source: null }],
    [{ source: 'manager' }],
    [{ source, server: 7 }],
    [{ source, server: '' }],
    [{ source, principal: 7 }],
    [{ source, url: 'http://127.0.0.1' }],
    [{ source, command: 'x' }],
    [{ source, onSampling: () => {} }],
    [{ source, protocol: 'legacy' }],
    [{ source, timeoutMs: -1 }],
    [{ source, naming: 'odd' }],
    [{ source, allow: 'x' }],
  ])('%o is CONFIG_INVALID', async (spec) => {
    const error = await failureOf(newGroup().add('s', spec as unknown as SourcedServer));
    expect([error.code, error.server]).toEqual(['CONFIG_INVALID', 's']);
  });

  it('another name there, filters and naming here', async () => {
    const lending = new TinySource({ there: { server: local(SCRIPT) } });
    const group = await connectGroup({
      servers: { here: { source: lending, server: 'there', naming: 'bare', deny: ['crash', 'h*'] } },
    });
    expect([...group.tools.keys()]).toEqual(['echo', 'log']);
    expect(lending.acquired).toMatchObject([{ server: 'there' }]);
  });
});
