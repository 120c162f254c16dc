import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CallToolResult, PlenumError } from '../../../src/index.ts';
import type {
  InterceptedCall,
  InterceptorNext,
  ToolInterceptor,
} from '../../../src/group/interceptors/interceptors.ts';
import { createDeferred } from '../../../src/internal/deferred.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { newSession } from '../../support/groups.ts';
import { argumentsOf, intercepted, text, TOOLS } from './intercepted.ts';
import { local } from '../../support/servers.ts';

/** Holds every call until it is let go, on its way in. */
function gate(): { interceptor: ToolInterceptor; calls: InterceptedCall[]; open: () => void } {
  const calls: InterceptedCall[] = [];
  const opened = createDeferred<void>();
  const interceptor: ToolInterceptor = async (call, next) => {
    calls.push(call);
    await opened.promise;
    return next();
  };
  return { interceptor, calls, open: () => opened.resolve() };
}

const twice: ToolInterceptor = async (_call, next) => {
  try {
    return await next();
  } catch {
    return next();
  }
};

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

const never: ToolInterceptor = () => new Promise<CallToolResult>(() => {});

describe('a call that its caller gives up', () => {
  it('before it begins: no interceptor sees it', async () => {
    const { interceptor, calls } = gate();
    const { group } = await intercepted([interceptor]);
    const reason = new Error('changed my mind');
    const error = await failureOf(group.callTool('files__count', {}, { signal: AbortSignal.abort(reason) }));
    expect(error).toMatchObject({ code: 'ABORTED', cause: reason, maybeExecuted: false });
    expect(calls).toEqual([]);
  });

  it('while an interceptor has it: rejects at once, the signal says so, and nothing is sent any more', async () => {
    const { interceptor, calls, open } = gate();
    const { group, server } = await intercepted([interceptor]);
    const controller = new AbortController();
    const call = group.callTool('files__count', {}, { signal: controller.signal });
    await eventually('the interceptor has it', () => calls.length > 0);
    const reason = new Error('changed my mind');
    controller.abort(reason);
    expect(await failureOf(call)).toMatchObject({ code: 'ABORTED', cause: reason, maybeExecuted: false });
    expect(calls[0]?.signal.reason).toBe(reason);
    open();
    await group.callTool('files__echo');
    expect(argumentsOf(server)).toEqual([{}]);
  });

  it('while the server has it: the server is told', async () => {
    const { group, server } = await intercepted([(_call, next) => next()]);
    const controller = new AbortController();
    const call = group.callTool('files__hang', {}, { signal: controller.signal });
    await eventually('the call arrives', () => server.running > 0);
    controller.abort();
    expect(await failureOf(call)).toMatchObject({ code: 'ABORTED', maybeExecuted: true });
    await eventually('the server is told', () => server.cancelled.length === 1);
  });

  it('while an interceptor waits with the signal, as for its turn', async () => {
    const ended: unknown[] = [];
    const { group } = await intercepted([
      async ({ signal }, next) => {
        await sleep(60_000, undefined, { signal }).catch((error: unknown) => {
          ended.push(error);
          throw error;
        });
        return next();
      },
    ]);
    const controller = new AbortController();
    const call = group.callTool('files__count', {}, { signal: controller.signal });
    controller.abort();
    expect((await failureOf(bounded('the call', call))).code).toBe('ABORTED');
    await eventually('the interceptor stops', () => ended.length === 1);
  });

  it('many of them share a signal without a listener each', async () => {
    const { group } = await intercepted([never]);
    const { signal, abort } = abortable();
    const calls = Array.from({ length: 50 }, () => failureOf(group.callTool('files__count', {}, { signal })));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    abort();
    for (const error of await Promise.all(calls)) expect(error.code).toBe('ABORTED');
  });
});

describe('a call that has gone through interceptors', () => {
  it('leaves neither a listener nor a timer behind', async () => {
    const { group } = await intercepted([(_call, next) => next()]);
    const { signal } = abortable();
    const timers = (): number => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const before = timers();
    const options = { signal, maxTotalTimeoutMs: 600_000 };
    await Promise.all(Array.from({ length: 100 }, () => group.callTool('files__echo', {}, options)));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(timers()).toBeLessThan(before + 50);
  });
});

describe('an interceptor that never comes to an end', () => {
  it('is held to maxTotalTimeoutMs, all attempts together', async () => {
    const { group } = await intercepted([never]);
    const call = group.callTool('files__count', {}, { maxTotalTimeoutMs: 30 });
    expect(await failureOf(bounded('the call', call))).toMatchObject({
      code: 'TIMEOUT',
      message:
        'Calling tool "count" on server "files": not done within 30 ms. Allow more with "maxTotalTimeoutMs".',
      maybeExecuted: false,
    });
  });

  it('as one that tries for ever does', async () => {
    const { group } = await intercepted([
      async ({ signal }, next) => {
        while (!signal.aborted) await next().catch(() => sleep(1));
        throw signal.reason;
      },
    ]);
    const call = group.callTool('files__refuses', {}, { maxTotalTimeoutMs: 50 });
    expect(await failureOf(bounded('the call', call))).toMatchObject({
      code: 'TIMEOUT',
      maybeExecuted: true,
    });
  });

  it('does not keep destroy() from ending its call with SESSION_CLOSED', async () => {
    const calls: InterceptedCall[] = [];
    const { group } = await intercepted([
      (call) => {
        calls.push(call);
        return new Promise(() => {});
      },
    ]);
    const call = failureOf(group.callTool('files__count'));
    const reason = new Error('the program ends');
    await bounded('destroy', group.destroy(reason));
    expect(await call).toMatchObject({ code: 'SESSION_CLOSED', cause: reason, maybeExecuted: false });
    expect(calls[0]?.signal.aborted).toBe(true);
  });

  it('nor close(), after the time that a request may take', async () => {
    const { group } = await intercepted([never]);
    const call = failureOf(group.callTool('files__count', {}, { timeoutMs: 50 }));
    await bounded('close', group.close());
    expect(await call).toMatchObject({ code: 'TIMEOUT', maybeExecuted: false });
  });

  it('nor does one that tries for ever', async () => {
    const errors: string[] = [];
    const { group } = await intercepted([
      async ({ signal }, next) => {
        while (!signal.aborted) {
          errors.push((await failureOf(next())).code);
          await sleep(1);
        }
        throw signal.reason;
      },
    ]);
    const call = failureOf(group.callTool('files__refuses', {}, { timeoutMs: 50 }));
    await eventually('it has tried', () => errors.length > 0);
    await bounded('close', group.close());
    expect((await call).code).toBe('TIMEOUT');
    expect(errors).toContain('SESSION_CLOSED');
  });
});

describe('calls inside interceptors when a group ends', () => {
  it('close() lets those on their way in get to the server, and those on their way out get home', async () => {
    const { interceptor, calls, open } = gate();
    const goesHome = createDeferred<void>();
    const { group, server } = await intercepted([
      async ({ tool }, next) => {
        const result = await next();
        if (tool === 'echo') await goesHome.promise;
        return result;
      },
      async (call, next) => (call.tool === 'count' ? interceptor(call, next) : next()),
    ]);
    const inward = group.callTool('files__count');
    const outward = group.callTool('files__echo');
    await eventually('one waits inward, one outward', () => calls.length > 0 && server.requests.length > 0);
    const closing = group.close();
    expect((await failureOf(group.callTool('files__count'))).code).toBe('SESSION_CLOSED');
    open();
    goesHome.resolve();
    expect((await inward).content).toEqual([{ type: 'text', text: '1' }]);
    expect((await outward).content).toEqual([{ type: 'text', text: '{}' }]);
    await bounded('close', closing);
  });

  it('close() may try again until time is over', async () => {
    const { interceptor, calls, open } = gate();
    const { group } = await intercepted([twice, interceptor]);
    const call = failureOf(group.callTool('files__refuses'));
    await eventually('the interceptor has it', () => calls.length > 0);
    const closing = group.close();
    open();
    expect((await call).code).toBe('PROTOCOL');
    expect(calls.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await bounded('close', closing);
  });

  it('close() waits for calls to adopted sessions too, which stay open', async () => {
    const { interceptor, calls, open } = gate();
    const { group } = await intercepted([interceptor]);
    const mine = await newSession({ server: local({ tools: TOOLS }) });
    await group.adopt('mine', mine);
    const call = group.callTool('mine__count');
    await eventually('the interceptor has it', () => calls.length > 0);
    let isClosed = false;
    const closing = group.close().then(() => {
      isClosed = true;
    });
    await eventually('the other one is closed', () => group.servers.get('files')?.state === 'closed');
    expect(isClosed).toBe(false);
    open();
    expect((await call).content).toEqual([{ type: 'text', text: '1' }]);
    await bounded('close', closing);
    expect(mine.status.state).toBe('ready');
  });

  it('remove() waits for the calls to that server', async () => {
    const { interceptor, calls, open } = gate();
    const { group } = await intercepted([interceptor], {
      other: { server: local({ tools: TOOLS }) },
    });
    const call = group.callTool('files__count');
    const bystander = group.callTool('other__count');
    await eventually('the interceptor has both', () => calls.length === 2);
    let isRemoved = false;
    const removing = group.remove('files').then(() => {
      isRemoved = true;
    });
    expect((await failureOf(group.callTool('files__count'))).code).toBe('UNKNOWN_TOOL');
    await group.session('other').callTool('echo');
    expect(isRemoved).toBe(false);
    open();
    await bounded('remove', removing);
    expect((await call).content).toEqual([{ type: 'text', text: '1' }]);
    expect((await bystander).content).toEqual([{ type: 'text', text: '1' }]);
  });

  it('destroy() does not wait for a close() that does', async () => {
    const { group } = await intercepted([never]);
    const call = failureOf(group.callTool('files__count'));
    const closing = group.close();
    await bounded('destroy', group.destroy());
    await bounded('close', closing);
    expect((await call).code).toBe('SESSION_CLOSED');
  });
});

describe('next() when the call has ended', () => {
  it('rejects with ABORTED, and nothing is sent', async () => {
    const kept: InterceptorNext[] = [];
    const { group, server } = await intercepted([
      (_call, next) => {
        kept.push(next);
        return text('at once');
      },
    ]);
    expect(await group.callTool('files__count')).toEqual(text('at once'));
    const [next] = kept;
    expect(next && (await failureOf(bounded('next', next())))).toMatchObject({
      code: 'ABORTED',
      maybeExecuted: false,
    });
    expect(argumentsOf(server)).toEqual([]);
  });

  it('cancels what is still under way for it, as the slower of two attempts', async () => {
    const { group, server } = await intercepted([
      ({ args }, next) => Promise.race([next({ args: { ...args, ms: 1 } }), next()]),
      ({ args }, next) => (args['ms'] === 1 ? text('the fast one') : next()),
    ]);
    expect(await group.callTool('files__hang')).toEqual(text('the fast one'));
    await eventually('the server is told', () => server.cancelled.length === 1);
  });

  it('does not take the process down when nobody waited for it', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): unknown => unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      const { group } = await intercepted([
        (_call, next) => {
          void next();
          return text('did not wait');
        },
      ]);
      expect(await group.callTool('files__refuses')).toEqual(text('did not wait'));
      expect(await group.callTool('files__hang')).toEqual(text('did not wait'));
      await group.close();
      await sleep(0);
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});

describe('interceptors and a server that is away', () => {
  it('can try again after CONNECTION_LOST, on the connection that has taken its place', async () => {
    const codes: string[] = [];
    const note: ToolInterceptor = async (_call, next) => {
      const outcome = next();
      await outcome.catch((error: PlenumError) => codes.push(error.code));
      return outcome;
    };
    const shaky = local({
      tools: [{ name: 'look_up', does: [{ type: 'crash' }, { type: 'text', text: 'found' }] }],
    });
    const { group } = await intercepted([twice, note], {
      shaky: { server: shaky, reconnect: { delayMs: 5 } },
    });
    expect(await bounded('the call', group.callTool('shaky__look_up'))).toMatchObject(text('found'));
    expect(codes).toEqual(['CONNECTION_LOST']);
  });
});
