import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession, SessionGroup, SessionManager, type Session } from '../../src/index.ts';
import { inProcess } from '../../src/testing/index.ts';
import { failureOf } from '../support/failures.ts';

const script = {
  tools: [{ name: 'echo' }],
  resources: [{ uri: 'test://a', name: 'a', text: 'hello' }],
  prompts: [{ name: 'p' }],
};

let group: SessionGroup;
let session: Session;
beforeAll(async () => {
  group = await SessionGroup.connect({ servers: { a: { server: inProcess(script) } } });
  session = group.session('a');
});
afterAll(() => group.close());

/** A call as a program without types makes it: what it throws at once counts as well, and fails the test. */
function call(on: object, method: string, args: unknown[]): Promise<unknown> {
  const called: unknown = Reflect.apply(Reflect.get(on, method), on, args);
  return called as Promise<unknown>;
}

const WRONG: [string, unknown[], string][] = [
  ['callTool', [], 'argument "name" must be a string or an entry of the catalog, not nothing'],
  [
    'callTool',
    [{ name: 'echo', arguments: {} }],
    'argument "name" must be a string or an entry of the catalog, not an object',
  ],
  ['readResource', [], 'argument "uri" must be a string, a URL or an entry of the catalog, not nothing'],
  ['subscribeResource', [5], 'argument "uri" must be a string, a URL or an entry of the catalog, not 5'],
  [
    'unsubscribeResource',
    [null],
    'argument "uri" must be a string, a URL or an entry of the catalog, not null',
  ],
  ['getPrompt', [], 'argument "name" must be a string or an entry of the catalog, not nothing'],
  ['getPrompt', ['p', { count: 5 }], 'argument "args.count" must be a string, not 5'],
  ['complete', [], 'argument "ref" must be an object such as { type: "ref/prompt", name }'],
  ['complete', ['p', { name: 'x', value: '' }], 'argument "ref" must be an object such as'],
  ['complete', [{ type: 'ref/prompt', name: 'p' }], 'argument "argument" must be an object such as'],
  ['complete', [{ type: 'ref/prompt', name: 'p' }, { name: 'x' }], '"argument.value" must be a string'],
  [
    'complete',
    [{ type: 'ref/prompt', name: 'p' }, { name: 'x', value: '' }, { arguements: {} }],
    '"context.arguements" is not known. Did you mean "arguments"?',
  ],
  ['setLoggingLevel', ['warn'], 'argument "level" must be one of "debug", "info", "notice", "warning"'],
];

describe('arguments of a wrong type', () => {
  it.each(WRONG)('%s%j rejects with INVALID_ARGUMENTS', async (method, args, message) => {
    for (const on of [group, session]) {
      const error = await failureOf(call(on, method, args));
      expect(error.code).toBe('INVALID_ARGUMENTS');
      expect(error.message).toContain(message);
      expect(error.maybeExecuted).toBe(false);
    }
  });

  it.each([
    ['request', []],
    ['request', ['ping']],
    ['request', [{ method: 'ping', params: 5 }]],
    ['notify', []],
  ])('%s%j of a session, too', async (method, args) => {
    const error = await failureOf(call(session, method, args));
    expect(error.code).toBe('INVALID_ARGUMENTS');
    expect(error.message).toContain('must be an object such as { method, params }');
  });

  it('a server that is no name is CONFIG_INVALID', async () => {
    await using manager = new SessionManager({ servers: { a: { server: () => inProcess(script) } } });
    expect(() => group.session(undefined as never)).toThrow('"server" must be a string');
    for (const [on, method] of [
      [group, 'remove'],
      [manager, 'prewarm'],
    ] as const) {
      const error = await failureOf(call(on, method, []));
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toContain('"server" must be a string, not nothing');
    }
  });
});

describe('the URI of a resource', () => {
  it('may be a URL', async () => {
    const uri = new URL('test://a');
    for (const on of [group, session]) {
      const { contents } = await on.readResource(uri);
      expect(contents).toMatchObject([{ uri: 'test://a', text: 'hello' }]);
    }
  });
});

describe('a function of the caller that returns something else', () => {
  it('than a transport or a spec is CONFIG_INVALID', async () => {
    const wrong = (): never => 5 as never;
    await using manager = new SessionManager({ servers: { a: wrong } });
    for (const [failing, message] of [
      [() => openSession({ transport: wrong }), 'must return a transport, with start(), send() and close()'],
      [() => manager.run('a', () => {}), 'must be an object, not 5'],
    ] as const) {
      const error = await failureOf(failing());
      expect(error.code).toBe('CONFIG_INVALID');
      expect(error.message).toContain(message);
    }
  });
});
