import { describe, expect, it } from 'vitest';
import type { GroupServerSpec, SessionGroup } from '../../src/index.ts';
import { stdioSpec, type Faults } from '../../src/testing/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { http, local, PLACES, tools } from '../support/servers.ts';
import { expectGoneForGood, runningPids } from '../support/processes.ts';
import { ledgerFile } from '../support/folders.ts';

const STUBBORN: Faults = { ignoreTermination: true };

describe('G14 close() ends everything', () => {
  it('over every transport', async () => {
    const specs: Record<string, GroupServerSpec> = {};
    for (const [place, start] of Object.entries(PLACES))
      specs[place] = (await start({ tools: tools('echo') })).spec;
    const group = await connectGroup({ servers: specs, strict: true });
    const sessions = [...group.servers.keys()].map((name) => group.session(name));
    const log = new EventLog(group);
    await bounded('close', group.close());
    expect(sessions.map(({ status }) => status.state)).toEqual(sessions.map(() => 'closed'));
    await eventually('the events end', () => log.ended);
    expect(await group.closed).toBeUndefined();
    for (const session of sessions) expect((await failureOf(session.ping())).code).toBe('SESSION_CLOSED');
  });

  it('after which everything is refused with SESSION_CLOSED, and nothing hangs', async () => {
    const group = await connectGroup({ servers: { a: { server: local({ tools: tools('echo') }) } } });
    await group.close();
    const refused = [
      () => group.callTool('a__echo'),
      () => group.readResource('x:1'),
      () => group.getPrompt('a__p'),
      () => group.subscribeResource('x:1'),
      () => group.complete({ type: 'ref/prompt', name: 'a__p' }, { name: 'x', value: '' }),
      () => group.setLoggingLevel('debug'),
      () => group.ping(),
      () => group.refresh(),
      () => group.reconnect(),
      () => group.add('b', { server: local() }),
    ];
    for (const act of refused) {
      const error = await bounded(act.toString(), failureOf(act()));
      expect(error.code, act.toString()).toBe('SESSION_CLOSED');
    }
    // To look is not forbidden.
    expect(group.servers.get('a')?.state ?? 'closed').toBe('closed');
  });

  it('lets calls in flight finish', async () => {
    const server = local({ tools: [{ name: 'slow', does: { type: 'slow', ms: 300 } }] });
    const group = await connectGroup({ servers: { a: { server } } });
    const call = group.callTool('a__slow', { nr: 1 });
    await eventually('the call arrives', () => server.running > 0);
    await group.close();
    expect((await call).content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
  });

  it('with await using', async () => {
    const ledger = ledgerFile();
    {
      await using group: SessionGroup = newGroup();
      await group.add('a', stdioSpec({ ledgerFile: ledger }));
      expect(runningPids(ledger)).toHaveLength(1);
    }
    expect(runningPids(ledger)).toEqual([]);
  });
});

describe('G14 close() from several places', () => {
  it('at once, in every mixture of close, destroy and remove', async () => {
    const ledger = ledgerFile();
    const names = Array.from({ length: 6 }, (_, nr) => `s${nr}`);
    const group = await connectGroup({
      servers: Object.fromEntries(names.map((name) => [name, stdioSpec({ name, ledgerFile: ledger })])),
      strict: true,
    });
    const ends = [
      group.close(),
      group.remove('s0'),
      group[Symbol.asyncDispose](),
      group.session('s1').close(),
      group.session('s2').destroy(),
      group.destroy('enough'),
      group.close(),
      group.remove('s3'),
    ];
    const outcomes = await bounded('all ends', Promise.allSettled(ends));
    // Only a remove() may have come too late.
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') {
        expect([1, 7]).toContain(index);
        expect(outcome.reason).toMatchObject({
          code: expect.stringMatching(/UNKNOWN_SERVER|SESSION_CLOSED/),
        });
      }
    }
    await expectGoneForGood(ledger);
  });

  it('from inside a handler, an event loop and a call', async () => {
    const server = local({
      tools: [{ name: 'sample', does: { type: 'sample', params: { messages: [], maxTokens: 1 } } }],
    });
    const group: SessionGroup = await connectGroup({
      servers: { a: { server }, b: { server: local() } },
      onSampling: async () => {
        void group.close();
        return { role: 'assistant', model: 'm', content: { type: 'text', text: 'closing' } };
      },
    });
    const listening = (async () => {
      for await (const event of group.events()) if (event.type === 'status') await group.close();
    })();
    await bounded(
      'the call',
      group.callTool('a__sample').catch(() => {}),
    );
    await bounded('close', group.close());
    await bounded('the loop', listening);
    expect(await bounded('closed', group.closed)).toBeUndefined();
  });

  it('from a handler that waits for it: no longer than its call may take', async () => {
    const sample = { type: 'sample' as const, params: { messages: [], maxTokens: 1 } };
    const group: SessionGroup = await connectGroup({
      servers: { a: { server: local({ era: 'legacy', tools: [{ name: 'sample', does: sample }] }) } },
      onSampling: async () => {
        await group.close();
        return { role: 'assistant', model: 'm', content: { type: 'text', text: 'closed' } };
      },
    });
    await bounded(
      'the call',
      group.callTool('a__sample', {}, { timeoutMs: 500 }).catch(() => {}),
    );
    await bounded('close', group.close());
    expect(await bounded('closed', group.closed)).toBeUndefined();
  });

  it('again and again afterwards, with the first reason', async () => {
    const group = await connectGroup({ servers: { a: { server: local() } } });
    const reason = new Error('enough');
    await group.destroy(reason);
    await bounded('all', Promise.all([group.close(), group.destroy('later'), group.close()]));
    expect(await group.closed).toBe(reason);
  });
});

describe('G14 close() finishes within the grace periods', () => {
  it('even if servers ignore everything but SIGKILL, all side by side', async () => {
    const ledger = ledgerFile();
    const grace = { closeGraceMs: 1_000, terminateGraceMs: 1_000 };
    const names = Array.from({ length: 6 }, (_, nr) => `s${nr}`);
    const group = await connectGroup({
      servers: Object.fromEntries(
        names.map((name) => [
          name,
          { ...stdioSpec({ name, ledgerFile: ledger, faults: STUBBORN }), ...grace },
        ]),
      ),
      strict: true,
    });
    expect(runningPids(ledger)).toHaveLength(6);
    const startedAt = performance.now();
    await group.close();
    const tookMs = performance.now() - startedAt;
    expect(runningPids(ledger)).toEqual([]);
    // One after the other they would take 6 × 2 s.
    expect(tookMs).toBeLessThan(11_000);
  });

  it('with the default grace periods: about 4 s', async () => {
    const ledger = ledgerFile();
    const group = newGroup();
    await group.add('a', stdioSpec({ ledgerFile: ledger, faults: STUBBORN }));
    const startedAt = performance.now();
    await group.close();
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(runningPids(ledger)).toEqual([]);
  });

  it('destroy() does not wait for any of them, and fails calls in flight at once', async () => {
    const ledger = ledgerFile();
    const group = newGroup();
    const spec = stdioSpec({
      ledgerFile: ledger,
      faults: STUBBORN,
      tools: [{ name: 'hang', does: { type: 'hang' } }],
    });
    await group.add('a', { ...spec, closeGraceMs: 60_000, terminateGraceMs: 60_000 });
    const call = failureOf(group.callTool('a__hang', {}, { timeoutMs: Infinity }));
    await bounded('destroy', group.destroy());
    expect((await bounded('the call', call)).code).toBe('SESSION_CLOSED');
    expect(runningPids(ledger)).toEqual([]);
  });

  it('a call in flight does not hold it beyond its own timeout', async () => {
    const group = await connectGroup({
      servers: { a: { server: local({ tools: [{ name: 'hang', does: { type: 'hang' } }] }) } },
    });
    const call = failureOf(group.callTool('a__hang', {}, { timeoutMs: 400 }));
    await bounded('close', group.close());
    expect((await call).code).toMatch(/^(TIMEOUT|SESSION_CLOSED)$/);
  });

  it('a destroy() during a close() that waits makes short work of it', async () => {
    const group = await connectGroup({
      servers: { a: { server: local({ tools: [{ name: 'hang', does: { type: 'hang' } }] }) } },
    });
    const call = failureOf(group.callTool('a__hang', {}, { timeoutMs: Infinity }));
    const closing = group.close();
    await bounded('destroy', group.destroy());
    await bounded('close', closing);
    expect((await bounded('the call', call)).code).toBe('SESSION_CLOSED');
  });

  it('a remote server that does not answer any more', async () => {
    const server = await http({ era: 'legacy', tools: tools('echo') });
    const group = await connectGroup({ servers: { a: { url: server.url } } });
    server.hang();
    await bounded('close', group.close());
    await eventually('the sockets are closed', () => server.openSockets === 0);
    expect(server.running, 'nothing is waited for').toBe(0);
  });
});
