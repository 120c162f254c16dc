import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/index.ts';
import { newSession } from '../support/groups.ts';
import { ERAS } from '../session/support/open.ts';
import { RawServer, SILENCE } from '../session/support/raw-server.ts';

/** A call that hangs fails the property. */
const CALL_MS = 20_000;

const KEYS = [
  'type',
  'text',
  'data',
  'mimeType',
  'uri',
  'resource',
  'annotations',
  'role',
  'content',
  'values',
];

/** A member of a result, as a server may send it: nearly right more often than by chance. */
const member = (key: string): fc.Arbitrary<object> =>
  fc
    .oneof(
      fc.constantFrom<unknown>(null, 'text', 5, true, [], {}),
      fc.jsonValue({ maxDepth: 3 }),
      fc.array(
        fc.dictionary(
          fc.constantFrom(...KEYS),
          fc.oneof(
            fc.constantFrom('text', 'image', 'resource', 'user', 'aGk='),
            fc.jsonValue({ maxDepth: 2 }),
          ),
        ),
        { maxLength: 4 },
      ),
    )
    .map((value) => ({ [key]: value }));

const send: Readonly<Record<string, (session: Session) => Promise<object>>> = {
  'tools/call': (session) => session.callTool('any', {}, { timeoutMs: CALL_MS }),
  'prompts/get': (session) => session.getPrompt('any', {}, { timeoutMs: CALL_MS }),
  'resources/read': (session) => session.readResource('r:any', { timeoutMs: CALL_MS, cache: 'bypass' }),
  'completion/complete': (session) =>
    session.complete({ type: 'ref/prompt', name: 'any' }, { name: 'a', value: '' }, undefined, {
      timeoutMs: CALL_MS,
    }),
};

const members: readonly (readonly [method: string, keys: readonly string[]])[] = [
  ['tools/call', ['content', 'isError', 'structuredContent', '_meta']],
  ['prompts/get', ['messages', 'description', '_meta']],
  ['resources/read', ['contents', '_meta']],
  ['completion/complete', ['completion', '_meta']],
];

describe.each(ERAS)('R5 results with any odd member, in the $era era', ({ era, protocol }) => {
  const envelope = era === 'modern' ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {};

  it.each(members)(
    '%s gives a result or says that it is not valid, and the next call works',
    async (method, keys) => {
      let odd: object = {};
      const server = new RawServer(
        (asked, self) => {
          if (asked.method === method) return { ...envelope, ...odd };
          if (asked.method !== 'subscriptions/listen') return undefined;
          self.send({ jsonrpc: '2.0', id: asked.id, error: { code: -32_601, message: 'Method not found' } });
          return SILENCE;
        },
        { modern: era === 'modern' },
      );
      const session = await newSession(server.spec, { protocol });
      await fc.assert(
        fc.asyncProperty(fc.tuple(...keys.map(member)), async (given) => {
          odd = Object.assign({}, ...given);
          const outcome: unknown = await send[method]?.(session).catch((error: unknown) => error);
          if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'INVALID_RESULT' });
          else expect(outcome).toBeTypeOf('object');
          expect(session.status.state).toBe('ready');
        }),
        { numRuns: 100 },
      );
    },
  );
});

describe.each(ERAS)('R6 answers in any odd envelope, in the $era era', ({ era, protocol }) => {
  it('are read, or fail their call or nothing, and the next call works', async () => {
    const complete = era === 'modern' ? { resultType: 'complete' } : {};
    const result = { ...complete, content: [{ type: 'text', text: 'here' }] };
    let wrap: (answer: object) => unknown = (answer) => answer;
    const server = new RawServer(
      (asked, self) => {
        if (asked.method === 'tools/call') {
          const answer = { jsonrpc: '2.0', id: asked.id, result };
          const odd = wrap(answer);
          if (typeof odd === 'object' && odd !== null) self.send(odd);
          return SILENCE;
        }
        if (asked.method !== 'subscriptions/listen') return undefined;
        self.send({ jsonrpc: '2.0', id: asked.id, error: { code: -32_601, message: 'Method not found' } });
        return SILENCE;
      },
      { modern: era === 'modern' },
    );
    const session = await newSession(server.spec, { protocol });
    const extra = fc.dictionary(fc.stringMatching(/^x-[a-z]{1,5}$/), fc.jsonValue({ maxDepth: 2 }), {
      maxKeys: 3,
    });
    const arrangement = fc.record({
      extra,
      error: fc.constantFrom<object>({}, { error: null }),
      batch: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(arrangement, async ({ extra: more, error, batch }) => {
        wrap = (answer) => (batch ? [{ ...more, ...answer, ...error }] : { ...more, ...answer, ...error });
        const answer = await session.callTool('any', {}, { timeoutMs: CALL_MS });
        expect(answer.content).toEqual([{ type: 'text', text: 'here' }]);
      }),
      { numRuns: 60 },
    );
    // What belongs to no call, or cannot be told, disturbs none.
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (junk) => {
        wrap = (answer) => answer;
        const call = session.callTool('any', {}, { timeoutMs: CALL_MS });
        if (typeof junk === 'object' && junk !== null && !('id' in junk)) server.send(junk);
        expect((await call).content).toHaveLength(1);
      }),
      { numRuns: 60 },
    );
    expect(session.status.state).toBe('ready');
  });
});
