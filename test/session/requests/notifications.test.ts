import { describe, expect, it } from 'vitest';
import type { LogMessage, NotificationContext } from '../../../src/index.ts';
import { inProcess, serveHttp, stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer } from '../support/raw-server.ts';
import { fixture } from '../../support/fixtures.ts';
import { jsonOf } from '../../support/results.ts';

const script: ServerScript = {
  tools: [
    { name: 'echo' },
    { name: 'log', does: { type: 'log', level: 'warning', data: { disk: 'full' } } },
    { name: 'grow', does: { type: 'setTools', tools: [{ name: 'echo' }, { name: 'log' }] } },
  ],
  resources: [{ uri: 'memo://one' }],
  prompts: [{ name: 'greet' }],
};

/** In the 2026-07-28 era a request says by itself which logs it wants. */
const wantsLogs = { meta: { 'io.modelcontextprotocol/logLevel': 'debug' } };

describe.each(ERAS)('S11 logs, in the $era era', ({ protocol }) => {
  it('reach the handler and the events', async () => {
    await using server = inProcess(script);
    const logs: LogMessage[] = [];
    const contexts: NotificationContext[] = [];
    const { session, seen } = await open(server, {
      protocol,
      onLog: (context, message) => {
        contexts.push(context);
        logs.push(message);
      },
    });
    await session.callTool('log', {}, wantsLogs);
    await expect.poll(() => logs).toEqual([{ level: 'warning', logger: 'scripted', data: { disk: 'full' } }]);
    expect(contexts[0]?.server).toBe('tested');
    expect(contexts[0]?.session).toBe(session);
    expect(seen('log')).toEqual([
      { type: 'log', level: 'warning', logger: 'scripted', data: { disk: 'full' } },
    ]);
  });

  it('the level that was set decides in either era', async () => {
    await using server = inProcess(script);
    const { session, seen } = await open(server, { protocol });
    await session.setLoggingLevel('error');
    await session.callTool('log');
    await session.setLoggingLevel('warning');
    await session.callTool('log');
    await session.callTool('echo');
    expect(seen('log')).toHaveLength(1);
  });

  it.each([
    {
      title: 'throws',
      onLog: (): void | Promise<void> => {
        throw new Error('the log book is full');
      },
    },
    {
      title: 'rejects',
      onLog: (): void | Promise<void> => Promise.reject(new Error('the log book is full')),
    },
  ])('a handler that $title is contained and reported', async ({ onLog }) => {
    await using server = inProcess(script);
    const { session, seen } = await open(server, { protocol, onLog });
    await session.callTool('log', {}, wantsLogs);
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error.message).toContain('the log book is full');
    expect(seen('problem')[0]?.error.server).toBe('tested');
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });
});

describe('S11 notifications that nothing else handles', () => {
  it('reach onNotification and the events', async () => {
    const server = new RawServer();
    const heard: unknown[] = [];
    const { session, seen } = await open(server.spec, {
      protocol: 'legacy',
      onNotification: (context, notification) => {
        heard.push([context.server, context.session, notification]);
      },
    });
    server.notify('notifications/weather', { celsius: 21 });
    await expect.poll(() => heard).toHaveLength(1);
    expect(heard[0]).toEqual([
      'tested',
      session,
      expect.objectContaining({ method: 'notifications/weather' }),
    ]);
    expect(seen('notification')).toMatchObject([
      { method: 'notifications/weather', params: { celsius: 21 } },
    ]);
  });

  it('a handler that throws is contained and reported', async () => {
    const server = new RawServer();
    const onNotification = (): never => {
      throw new Error('no idea what this is');
    };
    const { session, seen } = await open(server.spec, { protocol: 'legacy', onNotification });
    server.notify('notifications/weather');
    await expect.poll(() => seen('problem')).toHaveLength(1);
    expect(seen('problem')[0]?.error.message).toContain('no idea what this is');
    expect(session.status.state).toBe('ready');
  });

  it('those that Plenum handles do not', async () => {
    const server = new RawServer();
    const heard: string[] = [];
    const { events } = await open(server.spec, {
      protocol: 'legacy',
      onNotification: (_context, { method }) => void heard.push(method),
    });
    server.notify('notifications/tools/list_changed');
    server.notify('notifications/resources/updated', { uri: 'memo://one' });
    server.notify('notifications/message', { level: 'info', data: 1 });
    server.notify('notifications/weather');
    await expect.poll(() => events).toHaveLength(4);
    expect(events.map(({ type }) => type)).toEqual([
      'list-changed',
      'resource-updated',
      'log',
      'notification',
    ]);
    expect(heard).toEqual(['notifications/weather']);
  });
});

describe.each(ERAS)('S11 changed lists, in the $era era', ({ protocol }) => {
  it.each([{ over: 'in process' }, { over: 'stdio' }, { over: 'HTTP' }] as const)(
    'are events, over $over',
    async ({ over }) => {
      await using here = inProcess(script);
      await using there = over === 'HTTP' ? await serveHttp(script) : undefined;
      const { session, seen } = await open(over === 'stdio' ? stdioSpec(script) : (there?.url ?? here), {
        protocol,
      });
      // A server tells only those who listen by then, and the session listens in its own time.
      await expect
        .poll(async () => {
          await session.callTool('grow');
          return seen('list-changed').length;
        })
        .toBeGreaterThan(0);
      expect(seen('list-changed')[0]).toEqual({ type: 'list-changed', kind: 'tools' });
    },
  );

  it('resources, templates and prompts too', async () => {
    await using server = inProcess(script);
    const { seen } = await open(server, { protocol });
    expect(seen('list-changed')).toEqual([]);
    await expect
      .poll(() => {
        server.setResources([]);
        server.setPrompts([]);
        return new Set(seen('list-changed').map(({ kind }) => kind));
      })
      .toEqual(new Set(['resources', 'prompts']));
  });
});

describe('S11 events', () => {
  it('each reader gets all from when it began, and a reader that leaves harms nobody', async () => {
    const server = new RawServer();
    const { session, seen } = await open(server.spec, { protocol: 'legacy' });
    const methods: string[] = [];
    const brief = (async () => {
      for await (const event of session.events()) {
        if (event.type === 'notification') methods.push(event.method);
        if (methods.length === 2) break;
      }
    })();
    for (const method of ['one', 'two', 'three']) server.notify(`notifications/${method}`);
    await brief;
    expect(methods).toEqual(['notifications/one', 'notifications/two']);
    await expect.poll(() => seen('notification')).toHaveLength(3);
  });

  it('end when the session is closed', async () => {
    const server = new RawServer();
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const states: string[] = [];
    const reader = (async () => {
      for await (const event of session.events())
        if (event.type === 'status') states.push(event.status.state);
    })();
    await session.close();
    await reader;
    expect(states.at(-1)).toBe('closed');
    const { done } = await session.events().next();
    expect(done).toBe(true);
  });

  it('a reader that never reads loses the oldest, and is told how many', async () => {
    const server = new RawServer();
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const reader = session.events();
    const count = 12_000;
    for (let n = 0; n < count; n++) server.notify('notifications/many', { n });
    await expect.poll(() => server.connections).toBe(1);
    let dropped = 0;
    let kept = 0;
    while (dropped + kept < count) {
      const { value } = await reader.next();
      if (value?.type === 'overflow') dropped += value.dropped;
      if (value?.type === 'notification') kept++;
    }
    expect(dropped + kept).toBe(count);
    await reader.return?.();
  });

  it('what the process writes on standard error, line by line', async () => {
    const { session, seen } = await open(fixture('session-raw.mjs'), { protocol: 'legacy' });
    expect(seen('stderr')).toEqual([]);
    const pieces = ['first line\nsec', 'ond line\n'].map((text) => Buffer.from(text).toString('base64'));
    await session.request({ method: 'raw', params: { pieces, to: 2 } });
    await expect.poll(() => seen('stderr').map(({ line }) => line)).toEqual(['first line', 'second line']);
  });
});
