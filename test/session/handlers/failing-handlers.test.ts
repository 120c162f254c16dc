import { ProtocolError } from '@modelcontextprotocol/client';
import { anything, assert, asyncProperty, boolean } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PlenumError, type Handlers } from '../../../src/index.ts';
import { inProcess, type ScriptedTool } from '../../../src/testing/index.ts';
import { EventLog } from '../../support/event-log.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf, textOf } from '../../support/results.ts';
import { local } from '../../support/servers.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';

const SECRET = 'hunter2';
const FIXED = { code: -32_603, message: 'The client could not answer the request.' };

const tools: ScriptedTool[] = [
  { name: 'sample', does: { type: 'sample', params: { messages: [], maxTokens: 10 } } },
  {
    name: 'elicit',
    does: {
      type: 'elicit',
      params: { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } },
    },
  },
  { name: 'roots', does: { type: 'roots' } },
  { name: 'echo' },
];

/** The same function as each of the three handlers. */
function all(handler: () => unknown): Handlers {
  return { onSampling: handler, onElicitation: handler, onRoots: handler } as Handlers;
}

const circle: { self?: unknown; secret: string } = { secret: SECRET };
circle.self = circle;

function throws(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

function thenable(then: unknown): object {
  const made = {};
  Reflect.set(made, 'then', then);
  return made;
}

/** What a handler may do wrong. */
const FAULTS: Record<string, () => unknown> = {
  'throws an error': throws(new Error(SECRET)),
  'throws an error with a code and data': throws(
    Object.assign(new Error(SECRET), { code: -32_000, data: { SECRET } }),
  ),
  'throws an error of Plenum from another server': throws(
    new PlenumError('PROTOCOL', SECRET, { rpcCode: -32_001, rpcMessage: SECRET, data: SECRET }),
  ),
  'throws a text': throws(SECRET),
  'throws undefined': throws(undefined),
  'throws null': throws(null),
  'throws an object with a getter that throws': throws({
    get code() {
      throw new Error(SECRET);
    },
    get message() {
      throw new Error(SECRET);
    },
  }),
  'throws a proxy that throws': throws(new Proxy({}, { get: throws(new Error(SECRET)), has: throws(1) })),
  rejects: async () => Promise.reject(new Error(SECRET)),
  'returns a thenable that rejects': () =>
    thenable((_: unknown, reject: (error: unknown) => void) => reject(new Error(SECRET))),
  'returns a thenable that throws': () => thenable(throws(new Error(SECRET))),
  'returns undefined': () => undefined,
  'returns null': () => null,
  'returns a text': () => SECRET,
  'returns a bigint': () => 1n,
  'returns a function': () => () => SECRET,
  'returns a symbol': () => Symbol(SECRET),
  'returns another shape': () => ({ secret: SECRET }),
  'returns a list of another shape': () => [{ secret: SECRET }, SECRET],
  'returns a bigint inside': () => ({ action: 'accept', content: { a: 1n }, roots: [1n] }),
  'returns a circle': () => circle,
  'returns a getter that throws': () => ({
    get action() {
      throw new Error(SECRET);
    },
  }),
  'returns a toJSON that throws': () => ({ toJSON: throws(new Error(SECRET)) }),
  'returns a toJSON of something else': () => ({ action: 'accept', toJSON: () => SECRET }),
  'returns an answer to another question': () => ({ action: 'agree', role: 'x', roots: SECRET }),
};

const CASES = ERAS.flatMap((era) =>
  Object.entries(FAULTS).map(([what, handler]) => ({ ...era, what, handler })),
);

describe('H9 a handler that fails', () => {
  it.each(CASES)('$era: one that $what tells the server nothing', async ({ protocol, handler }) => {
    await using server = inProcess({ tools });
    const { session, seen } = await open(server, { protocol, ...all(handler) });
    for (const tool of ['sample', 'elicit', 'roots']) {
      const before = seen('problem').length;
      const outcome = await session.callTool(tool).then(
        (result) => result,
        (error: unknown) => error,
      );
      if (protocol === 'legacy') expect(jsonOf(outcome as { content: unknown })).toEqual(FIXED);
      else expect(outcome).toMatchObject({ code: 'PROTOCOL', server: 'tested' });
      await expect.poll(() => seen('problem').length).toBe(before + 1);
      const { error } = seen('problem')[before] ?? expect.fail();
      expect(error.server).toBe('tested');
      expect(error.message).toMatch(/^Handler "on\w+" failed on server "tested"/);
    }
    expect(JSON.stringify(server.requests)).not.toContain(SECRET);
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it.each(ERAS)('$era: the host gets what was thrown', async ({ protocol }) => {
    const thrown = new RangeError(SECRET);
    await using server = inProcess({ tools });
    const { session, seen } = await open(server, { protocol, ...all(throws(thrown)) });
    await session.callTool('sample').catch(() => {});
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error.cause).toBe(thrown);
    expect(seen('problem')[0]?.error.message).toContain(SECRET);
  });

  it('any value at all, returned or thrown, is answered with the fixed text or is valid', async () => {
    let outcome: { returned: unknown } | { thrown: unknown } = { returned: undefined };
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol: 'legacy',
      ...all(() => {
        if ('thrown' in outcome) throw outcome.thrown;
        return outcome.returned;
      }),
    });
    const value = anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
    });
    await assert(
      asyncProperty(value, boolean(), async (value, isThrown) => {
        outcome = isThrown ? { thrown: value } : { returned: value };
        const answer = jsonOf(await session.callTool('elicit'));
        if (isThrown || (answer as { code?: number }).code !== undefined) expect(answer).toEqual(FIXED);
        else expect(answer).toMatchObject({ action: expect.stringMatching(/accept|decline|cancel/) });
      }),
      { numRuns: 150 },
    );
  });

  it('the other servers of the group notice nothing', async () => {
    const group = await connectGroup({
      servers: {
        bad: { server: local({ era: 'legacy', tools }), ...all(throws(new Error(SECRET))) },
        good: { server: local({ tools }) },
      },
      onElicitation: () => ({ action: 'decline' }),
    });
    const log = new EventLog(group);
    expect(jsonOf(await group.callTool('bad__elicit'))).toEqual(FIXED);
    expect(textOf(await group.callTool('good__elicit'))).toContain('decline');
    const { server } = await log.until('problem');
    expect(server).toBe('bad');
    expect(log.of('problem')).toHaveLength(1);
  });
});

describe('H9 an error that was made to be sent', () => {
  const data = { why: ['tired', 1, null] };
  it.each([
    ['of fromJsonRpc', PlenumError.fromJsonRpc({ code: -1, message: 'The user said no', data }), true],
    ['of fromJsonRpc without data', PlenumError.fromJsonRpc({ code: -32_602, message: '' }), false],
    ['of the official client', new ProtocolError(-1, 'The user said no', data), true],
    ['of the official client without data', new ProtocolError(-32_001, 'Later'), false],
  ])('%s goes to the server as it is', async (_, error, hasData) => {
    await using server = inProcess({ tools });
    const { session, seen } = await open(server, { protocol: 'legacy', ...all(throws(error)) });
    const told = jsonOf(await session.callTool('sample')) as {
      code: number;
      message: string;
      data?: unknown;
    };
    const { rpcCode, rpcMessage } = error as Partial<PlenumError>;
    expect(told.code).toBe(rpcCode ?? error.code);
    expect(told.message).toBe(rpcMessage ?? error.message);
    expect(told.data).toEqual(hasData ? data : undefined);
    expect(seen('problem')).toEqual([]);
  });

  it('with data that cannot be sent is no such error', async () => {
    await using server = inProcess({ tools });
    const error = PlenumError.fromJsonRpc({ code: -1, message: 'x', data: { big: 1n } });
    const { session, seen } = await open(server, { protocol: 'legacy', ...all(throws(error)) });
    expect(jsonOf(await session.callTool('sample'))).toEqual(FIXED);
    await expect.poll(() => seen('problem')).toHaveLength(1);
  });

  it('2026-07-28: reaches the caller whose request needed the answer', async () => {
    await using server = inProcess({ tools });
    const sent = PlenumError.fromJsonRpc({ code: -1, message: 'The user said no', data });
    const { session } = await open(server, { protocol: '2026-07-28', ...all(throws(sent)) });
    const error = await failureOf(session.callTool('sample'));
    expect(error).toMatchObject({ code: 'PROTOCOL', rpcCode: -1, rpcMessage: 'The user said no', data });
    expect(error.cause).toBe(sent);
  });
});

describe('H13 roots', () => {
  it.each([
    'https://example.org/',
    'http://x',
    'data:,x',
    '/work',
    'work',
    'file:x',
    '',
    'FILE:///x',
    'file://[',
  ])('"%s" is refused, and the host is told which one and why', async (uri) => {
    await using server = inProcess({ tools });
    const { session, seen } = await open(server, {
      protocol: 'legacy',
      onRoots: () => [{ uri: 'file:///work' }, { uri }],
    });
    expect(jsonOf(await session.callTool('roots'))).toEqual(FIXED);
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error.message).toContain(`the root "${uri}" is no "file://" URI`);
  });

  it('2026-07-28: fail the call that needed them', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol: '2026-07-28',
      onRoots: () => [{ uri: 'https://example.org/' }],
    });
    expect((await failureOf(session.callTool('roots'))).message).toContain('no "file://" URI');
  });

  it.each(['file:///', 'file:///C:/Users/me', 'file://host/share', 'file:///a%20b'])(
    '"%s" is fine',
    async (uri) => {
      await using server = inProcess({ tools });
      const { session } = await open(server, { protocol: 'legacy', onRoots: () => [{ uri }] });
      expect(jsonOf(await session.callTool('roots'))).toEqual({ roots: [{ uri }] });
    },
  );
});

describe('H13 what was not declared', () => {
  it.each([
    { mode: 'form', declared: { url: {} } },
    { mode: 'url', declared: { form: {} } },
    { mode: 'form', declared: undefined },
    { mode: 'url', declared: undefined },
    { mode: undefined, declared: undefined },
  ])('elicitation by $mode with $declared is answered with -32602', async ({ mode, declared }) => {
    const server = new RawServer();
    let asked = 0;
    await open(server.spec, {
      protocol: 'legacy',
      ...(declared !== undefined && {
        capabilities: { elicitation: declared },
        onElicitation: () => {
          asked++;
          return { action: 'accept' };
        },
      }),
    });
    const params =
      mode === 'url'
        ? { mode, message: 'm', url: 'https://example.org/', elicitationId: 'e' }
        : {
            ...(mode !== undefined && { mode }),
            message: 'm',
            requestedSchema: { type: 'object', properties: {} },
          };
    server.send({ jsonrpc: '2.0', id: 'theirs', method: 'elicitation/create', params });
    await expect.poll(() => server.reply('theirs')?.error).toMatchObject({ code: -32_602 });
    expect(asked).toBe(0);
  });

  it.each([{ tools: [] }, { toolChoice: { mode: 'auto' } }])('sampling with %o', async (more) => {
    const server = new RawServer();
    let asked = 0;
    await open(server.spec, {
      protocol: 'legacy',
      onSampling: () => {
        asked++;
        return { role: 'assistant', model: 'm', content: { type: 'text', text: '' } };
      },
    });
    const params = { messages: [], maxTokens: 1, ...more };
    server.send({ jsonrpc: '2.0', id: 'theirs', method: 'sampling/createMessage', params });
    await expect.poll(() => server.reply('theirs')?.error).toMatchObject({ code: -32_602 });
    expect(asked).toBe(0);
  });
});
