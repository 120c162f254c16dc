import { getEventListeners } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  abortable,
  Limit,
  onAbort,
  settledWithin,
  sleep,
  type Ending,
  type Verdict,
} from '../../src/internal/limit.ts';
import { LONGEST_TIMER_MS } from '../../src/internal/timers.ts';

const never = new Promise<never>(() => {});

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

/** What a promise settles with. */
function outcomeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

describe('onAbort', () => {
  it('calls back once when the signal aborts', () => {
    const controller = new AbortController();
    let count = 0;
    onAbort(controller.signal, () => count++);
    expect(count).toBe(0);
    controller.abort();
    controller.abort();
    expect(count).toBe(1);
  });

  it('calls back at once for a signal that has aborted already, and adds no listener', () => {
    const signal = AbortSignal.abort();
    let count = 0;
    const stop = onAbort(signal, () => count++);
    expect(count).toBe(1);
    expect(listenersOf(signal)).toBe(0);
    stop();
    expect(count).toBe(1);
  });

  it('calls the others back when one throws, which is reported as of any listener', async () => {
    const controller = new AbortController();
    const calls: string[] = [];
    const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
    const others = process.listeners('uncaughtException').slice(0, -1);
    for (const other of others) process.off('uncaughtException', other);
    onTestFinished(() => others.forEach((other) => process.on('uncaughtException', other)));
    onAbort(controller.signal, () => calls.push('first'));
    onAbort(controller.signal, () => {
      throw new Error('careless');
    });
    onAbort(controller.signal, () => calls.push('third'));
    controller.abort();
    expect(calls).toEqual(['first', 'third']);
    expect(await uncaught).toMatchObject({ message: 'careless' });
  });

  it('never calls back after it was stopped, however often that was', () => {
    const controller = new AbortController();
    let count = 0;
    const stop = onAbort(controller.signal, () => (count += 100));
    onAbort(controller.signal, () => count++);
    stop();
    stop();
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort();
    expect(count).toBe(1);
  });

  it('does not call back what another callback stops', () => {
    const controller = new AbortController();
    const called: string[] = [];
    onAbort(controller.signal, () => {
      called.push('first');
      stopSecond();
    });
    const stopSecond = onAbort(controller.signal, () => called.push('second'));
    controller.abort();
    expect(called).toEqual(['first']);
  });

  it('adds one listener for any number of callbacks, and takes it back with the last', () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 10_000 }, () => onAbort(signal, () => {}));
    expect(listenersOf(signal)).toBe(1);
    for (const stop of stops.slice(1)) stop();
    expect(listenersOf(signal)).toBe(1);
    stops[0]?.();
    expect(listenersOf(signal)).toBe(0);
  });

  it('listens anew after the last callback was taken back', () => {
    const controller = new AbortController();
    onAbort(controller.signal, () => {})();
    let count = 0;
    onAbort(controller.signal, () => count++);
    controller.abort();
    expect(count).toBe(1);
  });

  it('does nothing without a signal', () => {
    expect(() => onAbort(undefined, () => {})()).not.toThrow();
  });
});

describe('a limit', () => {
  it('ends by its deadline, with the reason made then', async () => {
    const limit = new Limit({ ms: 5, expired: () => 'too late' });
    expect(limit.verdict).toBeUndefined();
    expect(await outcomeOf(limit.hold(never))).toEqual({ error: 'too late' });
    expect(limit.verdict).toEqual({ by: 'deadline', reason: 'too late' });
    expect(limit.signal.reason).toBe('too late');
  });

  it('ends by its deadline with a TimeoutError when no reason is given', async () => {
    const limit = new Limit({ ms: 0 });
    await expect(limit.hold(never)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('does not end at once when the deadline is further than Node can count', async () => {
    const limit = new Limit({ ms: LONGEST_TIMER_MS * 3 });
    await sleep(20);
    expect(limit.ended).toBe(false);
    limit.stop();
  });

  it('starts no timer for Infinity', () => {
    const before = timers();
    const limits = [new Limit({}), new Limit({ ms: Infinity })];
    expect(timers()).toBe(before);
    for (const limit of limits) limit.stop();
  });

  it('does not keep the process running when told so', () => {
    const before = timers();
    const limit = new Limit({ ms: 60_000, keepAlive: false });
    expect(timers()).toBe(before);
    limit.stop();
  });

  it("ends with the signal's own reason", () => {
    const controller = new AbortController();
    const limit = new Limit({}, controller.signal);
    expect(limit.ended).toBe(false);
    controller.abort('enough');
    expect(limit.verdict).toEqual({ by: 'signal', reason: 'enough' });
    expect(() => limit.throwIfEnded()).toThrow('enough');
  });

  it("ends with a reason made of the signal's", () => {
    const controller = new AbortController();
    const limit = new Limit({}, { signal: controller.signal, reason: (cause) => ({ cause }) });
    controller.abort('enough');
    expect(limit.verdict?.reason).toEqual({ cause: 'enough' });
  });

  it.each<[string, (signal: AbortSignal) => Ending]>([
    ['a signal', (signal) => signal],
    ['a signal with a reason', (signal) => ({ signal, reason: (cause) => cause })],
  ])('has ended from the start when %s had aborted', async (_, endingOf) => {
    const before = timers();
    const other = new AbortController();
    const limit = new Limit({ ms: 60_000 }, endingOf(AbortSignal.abort('before')), other.signal);
    expect(limit.verdict).toEqual({ by: 'signal', reason: 'before' });
    expect(limit.signal.aborted).toBe(true);
    expect(await outcomeOf(limit.hold(never))).toEqual({ error: 'before' });
    expect(listenersOf(other.signal)).toBe(0);
    expect(timers()).toBe(before);
  });

  it('goes by the first of several signals that had aborted', () => {
    const limit = new Limit({}, undefined, AbortSignal.abort('first'), AbortSignal.abort('second'));
    expect(limit.verdict?.reason).toBe('first');
  });

  it('leaves time after a signal that grants some, and ends as by its deadline then', async () => {
    const controller = new AbortController();
    const limit = new Limit({ expired: () => 'over' }, { signal: controller.signal, graceMs: 10 });
    controller.abort('closing');
    expect(limit.ended).toBe(false);
    expect(await outcomeOf(limit.hold(never))).toEqual({ error: 'over' });
    expect(limit.verdict?.by).toBe('deadline');
  });

  it('ends by its owner, with an AbortError unless a reason is given', () => {
    const plain = new Limit({});
    plain.end();
    expect(plain.verdict).toMatchObject({ by: 'owner', reason: { name: 'AbortError' } });
    const told = new Limit({});
    told.end('done');
    expect(told.verdict).toEqual({ by: 'owner', reason: 'done' });
  });

  it('ends once: what comes later changes nothing', async () => {
    const controller = new AbortController();
    const limit = new Limit({ ms: 5, expired: () => 'late' }, controller.signal);
    const verdicts: Verdict[] = [];
    limit.onEnd((verdict) => verdicts.push(verdict));
    controller.abort('first');
    limit.end('second');
    await sleep(20);
    expect(verdicts).toEqual([{ by: 'signal', reason: 'first' }]);
    expect(limit.signal.reason).toBe('first');
  });

  it('has no timer and no listener left when it has ended', () => {
    const before = timers();
    const [one, other] = [new AbortController(), new AbortController()];
    const limit = new Limit({ ms: 60_000 }, one.signal, other.signal);
    expect(timers()).toBe(before + 1);
    one.abort();
    expect(timers()).toBe(before);
    expect(listenersOf(other.signal)).toBe(0);
    limit.stop();
  });

  it('does not end any more when it was stopped, however often that was', async () => {
    const controller = new AbortController();
    const limit = new Limit({ ms: 5 }, controller.signal, { signal: controller.signal, graceMs: 0 });
    const { signal } = limit;
    limit.stop();
    limit.stop();
    expect(listenersOf(controller.signal)).toBe(0);
    controller.abort();
    await sleep(20);
    expect(limit.ended).toBe(false);
    expect(signal.aborted).toBe(false);
  });

  it('aborts its signal before anybody who waits is told', () => {
    const limit = new Limit({});
    const { signal } = limit;
    let sawAborted = false;
    limit.onEnd(() => (sawAborted = signal.aborted));
    limit.end();
    expect(sawAborted).toBe(true);
  });

  it('calls back at once when it has ended already, and not at all what was taken back', () => {
    const limit = new Limit({});
    const called: string[] = [];
    limit.onEnd(() => called.push('stopped'))();
    limit.end('over');
    limit.onEnd(({ reason }) => called.push(String(reason)));
    expect(called).toEqual(['over']);
  });
});

describe('holding work', () => {
  it('settles as the work does', async () => {
    const limit = new Limit({ ms: 60_000 });
    expect(await limit.hold(Promise.resolve(1))).toBe(1);
    expect(await limit.hold(2)).toBe(2);
    expect(await outcomeOf(limit.hold(Promise.reject(new Error('its own'))))).toEqual({
      error: new Error('its own'),
    });
    limit.stop();
    expect(await limit.hold(Promise.resolve(3))).toBe(3);
  });

  it('rejects with the reason of the end, whatever the work fails with because of it', async () => {
    const controller = new AbortController();
    const limit = new Limit({}, controller.signal);
    const work = new Promise((_, reject) => onAbort(limit.signal, () => reject(new Error('cut short'))));
    const held = outcomeOf(limit.hold(work));
    controller.abort('given up');
    expect(await held).toEqual({ error: 'given up' });
    expect(limit.explain(new Error('cut short'))).toBe('given up');
  });

  it('says why something failed: by itself when nothing has ended', () => {
    const limit = new Limit({});
    expect(limit.explain('its own')).toBe('its own');
    expect(() => limit.throwIfEnded()).not.toThrow();
  });

  it('reports no unhandled rejection of work that fails after the end', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const limit = new Limit({});
    const work = sleep(5).then(() => Promise.reject(new Error('late')));
    const held = outcomeOf(limit.hold(work));
    limit.end('over');
    expect(await held).toEqual({ error: 'over' });
    await sleep(30);
    process.off('unhandledRejection', onUnhandled);
    expect(unhandled).toEqual([]);
  });

  it('lets 10,000 share a signal: one listener, and none afterwards', async () => {
    const controller = new AbortController();
    const before = timers();
    const waits = Array.from({ length: 10_000 }, () => new Limit({ ms: 60_000 }, controller.signal));
    const held = waits.map((limit) => outcomeOf(limit.hold(never)));
    expect(listenersOf(controller.signal)).toBe(1);
    for (const limit of waits.slice(0, 5_000)) limit.stop();
    expect(listenersOf(controller.signal)).toBe(1);
    controller.abort('all');
    expect(await Promise.all(held.slice(5_000))).toEqual(
      Array.from({ length: 5_000 }, () => ({ error: 'all' })),
    );
    expect(waits.filter(({ ended }) => ended)).toHaveLength(5_000);
    expect(listenersOf(controller.signal)).toBe(0);
    expect(timers()).toBe(before);
  });

  it('has no listener left after 10,000 that were not ended', async () => {
    const { signal } = new AbortController();
    const all = Array.from({ length: 10_000 }, (_, index) => abortable(Promise.resolve(index), signal));
    expect(listenersOf(signal)).toBe(1);
    await Promise.all(all);
    expect(listenersOf(signal)).toBe(0);
  });
});

describe('abortable', () => {
  it('settles as the work does, with and without a signal', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), undefined)).toBe(1);
    expect(await abortable(Promise.resolve(2), signal)).toBe(2);
    expect(await outcomeOf(abortable(Promise.reject(new Error('its own')), signal))).toEqual({
      error: new Error('its own'),
    });
    expect(listenersOf(signal)).toBe(0);
  });

  it("rejects with the signal's reason, at once when it had aborted", async () => {
    const controller = new AbortController();
    const waiting = outcomeOf(abortable(never, controller.signal));
    controller.abort('enough');
    expect(await waiting).toEqual({ error: 'enough' });
    expect(await outcomeOf(abortable(never, controller.signal))).toEqual({ error: 'enough' });
  });
});

describe('settledWithin', () => {
  it('says that work has settled, also when it failed', async () => {
    const before = timers();
    expect(await settledWithin(Promise.resolve(), 60_000)).toBe(true);
    expect(await settledWithin(Promise.reject(new Error('failed')), 60_000)).toBe(true);
    expect(timers()).toBe(before);
  });

  it('says that it has not: when time is over, and when a signal aborts', async () => {
    expect(await settledWithin(never, 5)).toBe(false);
    const controller = new AbortController();
    const waiting = settledWithin(never, Infinity, undefined, controller.signal);
    controller.abort();
    expect(await waiting).toBe(false);
    expect(await settledWithin(Promise.resolve(), 60_000, controller.signal)).toBe(false);
  });
});

describe('sleep', () => {
  it('ends after its time', async () => {
    const startedAt = performance.now();
    await sleep(20);
    expect(performance.now() - startedAt).toBeGreaterThan(15);
  });

  it('ends early when one of its signals aborts, and at once when one had', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const asleep = sleep(60_000, one.signal, undefined, other.signal);
    other.abort();
    await asleep;
    expect(listenersOf(one.signal)).toBe(0);
    await sleep(60_000, one.signal, other.signal);
    await sleep(Infinity, other.signal);
    expect(listenersOf(one.signal)).toBe(0);
  });
});
