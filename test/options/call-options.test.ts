import { describe, expect, it } from 'vitest';
import type { ToolInterceptor } from '../../src/group/interceptors/interceptors.ts';
import { SessionGroup } from '../../src/group/session-group.ts';
import { SessionManager } from '../../src/manager/session-manager.ts';
import { openSession } from '../../src/session/open-session.ts';
import type { Session } from '../../src/session/session.ts';
import { inProcess } from '../../src/testing/in-process.ts';
import { failureOf } from '../support/failures.ts';

const script = {
  tools: [{ name: 'echo' }],
  resources: [{ uri: 'test://a', name: 'a', text: 'a' }],
  prompts: [{ name: 'p' }],
};

/** What plain JavaScript may give as the options of a call, and what the error says. */
const WRONG: [unknown, string][] = [
  [{ timeout: 5 }, 'option "timeout" is not known. Did you mean "timeoutMs"?'],
  [{ timeoutMs: '5' }, 'option "timeoutMs" must be a number of milliseconds, more than 0, not a string.'],
  [{ timeoutMs: 0 }, 'option "timeoutMs" must be a number of milliseconds, more than 0, not 0.'],
  [{ timeoutMs: Number.NaN }, 'not NaN.'],
  [{ maxTotalTimeoutMs: -1 }, 'option "maxTotalTimeoutMs" must be'],
  [{ signal: new AbortController() }, 'option "signal" must be an AbortSignal, not an AbortController.'],
  [{ onProgress: 'x' }, 'option "onProgress" must be a function'],
  [{ meta: 'x' }, 'option "meta" must be an object'],
  [{ revoked: new AbortController().signal }, 'option "revoked" is not known.'],
  [5, 'options of a call must be an object, not 5.'],
  [null, 'options of a call must be an object, not null.'],
];

type Call = (options: never) => Promise<unknown>;

/** Every call of a session that takes options. */
function callsOf(session: Session): [string, Call][] {
  return [
    ['ping', (options) => session.ping(options)],
    ['listTools', (options) => session.listTools(options)],
    ['listResources', (options) => session.listResources(options)],
    ['listResourceTemplates', (options) => session.listResourceTemplates(options)],
    ['listPrompts', (options) => session.listPrompts(options)],
    ['callTool', (options) => session.callTool('echo', {}, options)],
    ['readResource', (options) => session.readResource('test://a', options)],
    ['subscribeResource', (options) => session.subscribeResource('test://a', options)],
    ['unsubscribeResource', (options) => session.unsubscribeResource('test://a', options)],
    ['getPrompt', (options) => session.getPrompt('p', {}, options)],
    ['setLoggingLevel', (options) => session.setLoggingLevel('info', options)],
    ['request', (options) => session.request({ method: 'ping' }, options)],
  ];
}

/** Every call of a group that takes options. */
function callsOfGroup(group: SessionGroup): [string, Call][] {
  return [
    ['callTool', (options) => group.callTool('s__echo', {}, options)],
    ['readResource', (options) => group.readResource('test://a', options)],
    ['subscribeResource', (options) => group.subscribeResource('test://a', options)],
    ['unsubscribeResource', (options) => group.unsubscribeResource('test://a', options)],
    ['getPrompt', (options) => group.getPrompt('s__p', {}, options)],
    ['setLoggingLevel', (options) => group.setLoggingLevel('info', options)],
    ['reconnect', (options) => group.reconnect(options)],
  ];
}

async function expectRefusal(call: Call, given: unknown, message: string): Promise<void> {
  let outcome: Promise<unknown>;
  try {
    outcome = call(given as never);
  } catch (error) {
    throw new Error('thrown at once, not rejected', { cause: error });
  }
  const error = await failureOf(outcome);
  expect(error.code).toBe('INVALID_ARGUMENTS');
  expect(error.maybeExecuted).toBe(false);
  expect(error.message).toContain(message);
}

describe('options of a call that are wrong', () => {
  it.each(WRONG)(
    '%j: every call of a session rejects, and asks the server nothing',
    async (given, message) => {
      const server = inProcess(script);
      await using session = await openSession(server);
      const before = server.requests.length;
      for (const [, call] of callsOf(session)) await expectRefusal(call, given, message);
      expect(server.requests.length).toBe(before);
      await session.callTool('echo', {}, { timeoutMs: undefined, signal: undefined });
    },
  );

  it.each(WRONG)('%o: so does every call of a session on lease', async (given, message) => {
    await using manager = new SessionManager({ servers: { s: { server: () => inProcess(script) } } });
    await using lease = await manager.acquire('s');
    for (const [, call] of callsOf(lease.session)) await expectRefusal(call, given, message);
  });

  const passOn: ToolInterceptor = (_, next) => next();
  it.each([{ interceptors: [] }, { interceptors: [passOn] }])(
    'every call of a group rejects, with interceptors or without',
    async ({ interceptors }) => {
      const server = inProcess(script);
      await using group = await SessionGroup.connect({ servers: { s: { server } }, interceptors });
      const before = server.requests.length;
      for (const [given, message] of WRONG) {
        for (const [name, call] of callsOfGroup(group)) {
          await expectRefusal(call, given, name === 'reconnect' ? '' : message);
        }
      }
      expect(server.requests.length).toBe(before);
      await group.readResource('test://a', { server: 's', cache: 'bypass' });
    },
  );

  it('says who is asked for what', async () => {
    await using session = await openSession(inProcess(script), { name: 'shop' });
    const error = await failureOf(session.callTool('pay', {}, { timeoutMs: 0 }));
    expect(error.message).toBe(
      'Calling tool "pay" on server "shop": option "timeoutMs" must be a number of milliseconds, more than 0, not 0.',
    );
    expect(error.server).toBe('shop');
  });

  it('holds for what an interceptor makes of them', async () => {
    const wrong = { timeoutMs: '5' } as never;
    await using group = await SessionGroup.connect({
      servers: { s: { server: inProcess(script) } },
      interceptors: [(_, next) => next({ options: wrong })],
    });
    const error = await failureOf(group.callTool('s__echo'));
    expect(error.code).toBe('INVALID_ARGUMENTS');
  });

  it('accepts options that are derived from others', async () => {
    const progress: unknown[] = [];
    const base = { onProgress: (each: unknown) => progress.push(each) };
    const options: object = Object.assign(Object.create(base), { timeoutMs: 5_000 });
    const does = { type: 'progress', steps: 2 } as const;
    await using manager = new SessionManager({
      servers: { s: { server: () => inProcess({ tools: [{ name: 'go', does }] }) } },
    });
    await using lease = await manager.acquire('s');
    await lease.session.callTool('go', {}, options);
    expect(progress.length).toBeGreaterThan(0);
  });
});
