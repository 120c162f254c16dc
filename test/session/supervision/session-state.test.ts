import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import { sleep } from '../../../src/internal/limit.ts';
import { IdleTimer, InFlight } from '../../../src/session/supervision/in-flight.ts';
import {
  closed,
  connecting,
  draining,
  failed,
  idle,
  waiting,
} from '../../../src/session/supervision/session-state.ts';

const error = new PlenumError('CONNECTION_LOST', 'It went away.');

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

describe('a state that is left', () => {
  it('waiting: makes no attempt any more and has no timer', async () => {
    const before = timers();
    let attempts = 0;
    waiting(2, error, 5, () => attempts++).exit();
    expect(timers()).toBe(before);
    await sleep(20);
    expect(attempts).toBe(0);
  });

  it('waiting: the attempt that ends it is made once', async () => {
    let attempts = 0;
    const state = waiting(2, error, 5, () => {
      attempts++;
      state.exit();
    });
    await sleep(30);
    expect(attempts).toBe(1);
  });

  it('connecting: gives the attempt up, with the error made then', () => {
    const state = connecting(1, undefined, () => error);
    expect(state.signal.aborted).toBe(false);
    state.exit();
    expect(state.signal.reason).toBe(error);
  });

  it('connecting: has settled when the attempt has cleaned up', async () => {
    const state = connecting(1, undefined, () => error);
    let hasSettled = false;
    void state.settled.then(() => (hasSettled = true));
    state.exit();
    await sleep(1);
    expect(hasSettled).toBe(false);
    state.settle();
    await state.settled;
    expect(hasSettled).toBe(true);
  });

  it('failed: waits for no sign-in', () => {
    let stops = 0;
    const signIn = {
      isAsking: true,
      done: new Promise<never>(() => {}),
      look: () => Promise.resolve(),
      stop: () => void stops++,
    };
    failed(error, signIn).exit();
    expect(stops).toBe(1);
  });

  it('the others have nothing to end', () => {
    const states = [idle(), failed(error, undefined), draining(undefined, Promise.resolve()), closed(error)];
    for (const state of states) expect(() => state.exit()).not.toThrow();
  });
});

describe('the timer of a connection that may be ended when nobody uses it', () => {
  it('fires when no call has been under way for a while', async () => {
    const inFlight = new InFlight();
    let idleTimes = 0;
    const timer = new IdleTimer(inFlight, 5, () => idleTimes++);
    inFlight.enter();
    await sleep(30);
    expect(idleTimes).toBe(0);
    inFlight.leave();
    await sleep(30);
    timer.stop();
    expect(idleTimes).toBe(1);
  });

  it.each([['at rest'], ['with a call under way']])('is stopped %s: never fires', async (how) => {
    const inFlight = new InFlight();
    let idleTimes = 0;
    const timer = new IdleTimer(inFlight, 5, () => idleTimes++);
    if (how === 'with a call under way') inFlight.enter();
    timer.stop();
    if (how === 'with a call under way') inFlight.leave();
    await sleep(30);
    expect(idleTimes).toBe(0);
  });
});
