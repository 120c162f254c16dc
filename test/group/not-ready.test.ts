import { describe, expect, it } from 'vitest';
import { memoryCatalogCache, type GroupServerSpec, type PlenumError } from '../../src/index.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { gate, RawServer, RpcFailure } from '../support/raw-server.ts';
import { local, requestsOf, tools } from '../support/servers.ts';

const LISTS = {
  'tools/list': () => ({ tools: [{ name: 'x', inputSchema: { type: 'object' } }] }),
  'tools/call': () => ({ content: [] }),
  'prompts/list': () => ({ prompts: [{ name: 'x' }] }),
  'prompts/get': () => ({ messages: [] }),
  'resources/list': () => ({ resources: [{ uri: 'r:x', name: 'x' }] }),
  'resources/templates/list': () => ({ resourceTemplates: [] }),
};
const CAPABILITIES = { tools: {}, prompts: {}, resources: {} };

/** A server that connects when its gate is opened. */
function slow(): { server: RawServer; open: () => void } {
  const { promise, open } = gate();
  const server = new RawServer(CAPABILITIES, {
    ...LISTS,
    initialize: async ({ protocolVersion }) => {
      await promise;
      return { protocolVersion, capabilities: CAPABILITIES, serverInfo: { name: 'slow', version: '1' } };
    },
  });
  return { server, open: () => open() };
}

const QUICK = { connectTimeoutMs: 300, reconnect: { delayMs: 50, maxDelayMs: 200 } };
const MISSING: GroupServerSpec = { command: 'no-such-program-anywhere' };

function unreadyOf(error: PlenumError): readonly unknown[] | undefined {
  return error.code === 'UNKNOWN_TOOL' || error.code === 'UNKNOWN_PROMPT' || error.code === 'UNKNOWN_RESOURCE'
    ? error.data?.unready
    : undefined;
}

describe('C1 a call while its server is not ready', () => {
  const CALLS: [string, string, (group: Awaited<ReturnType<typeof connectGroup>>) => Promise<unknown>][] = [
    ['callTool', 'UNKNOWN_TOOL', (group) => group.callTool('slow__x')],
    ['getPrompt', 'UNKNOWN_PROMPT', (group) => group.getPrompt('slow__x')],
    [
      'complete',
      'UNKNOWN_PROMPT',
      (group) => group.complete({ type: 'ref/prompt', name: 'slow__x' }, { name: 'a', value: '' }),
    ],
    ['readResource', 'UNKNOWN_RESOURCE', (group) => group.readResource('r:x')],
    ['subscribeResource', 'UNKNOWN_RESOURCE', (group) => group.subscribeResource('r:x')],
  ];

  it.each(CALLS)(
    '%s names it and what it is doing, and works when it is ready',
    async (_name, code, call) => {
      const { server, open } = slow();
      const beside = local({ tools: tools('echo') });
      const group = await connectGroup({
        servers: { beside: { server: beside }, slow: { server, ...QUICK, connectTimeoutMs: 100 } },
      });
      const error = await failureOf(call(group));
      expect(error).toMatchObject({ code, maybeExecuted: false });
      expect(error.message).toMatch(/Not ready: "slow" \((connecting|reconnecting).*\)/);
      expect(error.message).toContain('group.ready(');
      expect(unreadyOf(error)).toEqual([
        expect.objectContaining({ server: 'slow', expected: code !== 'UNKNOWN_RESOURCE' }),
      ]);
      expect(JSON.parse(JSON.stringify(error))).toMatchObject({ data: { unready: [{ server: 'slow' }] } });
      open();
      await bounded('ready', group.ready({ server: 'slow' }));
      await call(group).catch((failure: PlenumError) => expect(failure.code).toBe('PROTOCOL'));
      expect(requestsOf(beside, 'tools/list')).toHaveLength(1);
    },
  );

  it('the server whose prefix fits is the first, and nothing else is suggested in its place', async () => {
    const group = await connectGroup({
      servers: {
        other: MISSING,
        slow: MISSING,
        slower: { server: local({ tools: tools('x') }) },
      },
      reconnect: false,
    });
    const error = await failureOf(group.callTool('slow__x'));
    expect(error.message).toMatch(/^There is no tool "slow__x" yet\. Not ready: "slow" \(failed: /);
    expect(error.message).toContain('"other" (failed');
    expect(error.message).not.toContain('slower');
    expect(unreadyOf(error)).toMatchObject([
      { server: 'slow', state: 'failed', code: 'CONNECT_FAILED', expected: true },
      { server: 'other', state: 'failed', expected: false },
    ]);
  });

  it('with bare names all of them are named, and near names are suggested', async () => {
    const group = await connectGroup({
      servers: { a: MISSING, b: MISSING, c: { server: local({ tools: tools('reads') }) } },
      naming: 'bare',
      reconnect: false,
    });
    const error = await failureOf(group.callTool('read'));
    expect(error.message).toContain('Did you mean "reads"?');
    expect(unreadyOf(error)).toMatchObject([
      { server: 'a', expected: false },
      { server: 'b', expected: false },
    ]);
  });

  it('a long or odd name of a server is known by its prefix', async () => {
    const names = ['dots.and spaces', 'x'.repeat(70), 'ends_in__', '日本'];
    const group = await connectGroup({
      servers: Object.fromEntries(names.map((name) => [name, MISSING])),
      reconnect: false,
    });
    const same = await connectGroup({
      servers: Object.fromEntries(names.map((name) => [name, { server: local({ tools: tools('x') }) }])),
    });
    for (const [key, { server }] of same.tools) {
      expect(unreadyOf(await failureOf(group.callTool(key)))?.[0]).toMatchObject({ server, expected: true });
    }
  });

  it('a hundred that are down make a short message', async () => {
    const names = Array.from({ length: 100 }, (_, nr) => `s${nr}`);
    const transport = (): never => {
      throw new Error('y'.repeat(5_000));
    };
    const group = await connectGroup({
      servers: Object.fromEntries(names.map((name) => [name, { transport }])),
      reconnect: false,
    });
    const error = await failureOf(group.callTool('s77__x'));
    expect(error.message).toContain('"s77" (failed');
    expect(error.message).toContain('and 95 more');
    expect(error.message.length).toBeLessThan(2_000);
    expect(unreadyOf(error)).toHaveLength(100);
  });

  it('one whose list failed is named, with the error; one that is ready is not', async () => {
    const server = new RawServer(CAPABILITIES, {
      ...LISTS,
      'tools/list': () => {
        throw new RpcFailure(-32_603, 'the index is being built');
      },
    });
    const group = await connectGroup({
      servers: { s: { server }, t: { server: local({ tools: tools('x') }) } },
    });
    const error = await failureOf(group.callTool('s__x'));
    expect(error.message).toContain('the index is being built');
    expect(unreadyOf(error)).toMatchObject([{ server: 's', state: 'ready', code: 'PROTOCOL' }]);
    expect(unreadyOf(await failureOf(group.getPrompt('s__nope')))).toBeUndefined();
    expect(unreadyOf(await failureOf(group.readResource('nope:1')))).toBeUndefined();
  });

  it('a server that is ready has no part in the message', async () => {
    const group = await connectGroup({ servers: { s: { server: local({ tools: tools('x') }) } } });
    const error = await failureOf(group.callTool('s__y'));
    expect(error.message).not.toContain('ready');
    expect(unreadyOf(error)).toBeUndefined();
  });

  it('one that was closed by its owner is named', async () => {
    const group = await connectGroup({ servers: { s: { server: local({ tools: tools('x') }) } } });
    await group.session('s').close();
    expect(unreadyOf(await failureOf(group.callTool('s__x')))).toMatchObject([
      { server: 's', state: 'closed', expected: true },
    ]);
  });
});

describe('C1 waiting until servers are ready', () => {
  it('resolves at once when they are, and for no servers at all', async () => {
    await newGroup().ready();
    const group = await connectGroup({ servers: { s: { server: local() } } });
    await group.ready();
    await group.ready({ server: 's', timeoutMs: 1 });
    expect(group.servers.get('s')?.state).toBe('ready');
  });

  it('waits for all, with their entries', async () => {
    const [a, b] = [slow(), slow()];
    const group = await connectGroup({
      servers: { a: { server: a.server, ...QUICK }, b: { server: b.server, ...QUICK } },
      connectTimeoutMs: 100,
    });
    const waiting = group.ready({ timeoutMs: Infinity });
    a.open();
    await group.ready({ server: 'a' });
    expect([...group.tools.keys()]).toEqual(['a__x']);
    b.open();
    await bounded('ready', waiting);
    expect(group.tools.size).toBe(2);
  });

  it('a lazy server that sleeps is ready', async () => {
    const catalogCache = memoryCatalogCache();
    const servers = { s: { server: local({ tools: tools('x') }), lazy: { idleMs: 20 } } };
    const group = await connectGroup({ servers, catalogCache });
    await eventually('it sleeps', () => group.servers.get('s')?.state === 'idle');
    await group.ready({ server: 's' });
    expect(group.servers.get('s')?.state).toBe('idle');
  });

  it.each<[string, string, (group: ReturnType<typeof newGroup>) => Promise<void>]>([
    ['an unknown server', 'UNKNOWN_SERVER', (group) => group.ready({ server: 'nope' })],
    ['the time is over', 'TIMEOUT', (group) => group.ready({ timeoutMs: 50 })],
    ['the signal aborts', 'ABORTED', (group) => group.ready({ signal: AbortSignal.timeout(50) })],
    ['an unknown option', 'INVALID_ARGUMENTS', (group) => group.ready({ timeout: 5 } as object)],
  ])('rejects: %s', async (_what, code, wait) => {
    const { server } = slow();
    const group = await connectGroup({ servers: { s: { server, ...QUICK } }, connectTimeoutMs: 50 });
    const error = await failureOf(bounded('ready', wait(group)));
    expect(error.code).toBe(code);
    if (code === 'TIMEOUT') expect(error.message).toContain('"s"');
  });

  it('rejects with the failure of one that gives up, when the others are ready', async () => {
    const group = await connectGroup({
      servers: { bad: { ...MISSING, reconnect: false }, good: { server: local() } },
    });
    expect(await failureOf(group.ready())).toMatchObject({ code: 'CONNECT_FAILED', server: 'bad' });
    await group.ready({ server: 'good' });
  });

  it.each(['remove', 'close', 'destroy'] as const)('ends when %s() takes the server away', async (how) => {
    const { server } = slow();
    const group = await connectGroup({ servers: { s: { server, ...QUICK } }, connectTimeoutMs: 50 });
    const waiting = failureOf(group.ready({ timeoutMs: Infinity }));
    await (how === 'remove' ? group.remove('s') : group[how]());
    expect((await bounded('ready', waiting)).code).toBe('SESSION_CLOSED');
  });
});
