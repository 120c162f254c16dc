import { describe, expect, it } from 'vitest';
import { Backoff } from '../../src/internal/backoff.ts';

describe('Backoff', () => {
  const policy = { delayMs: 250, maxDelayMs: 30_000 };

  it('tries at once, then waits up to a bound that doubles and is capped', () => {
    const longest = new Backoff(policy, () => 1);
    const delays = Array.from({ length: 10 }, () => longest.next());
    expect(delays).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('spreads over the whole range below the bound', () => {
    const halfway = new Backoff(policy, () => 0.5);
    const none = new Backoff(policy, () => 0);
    expect([halfway.next(), halfway.next(), halfway.next()]).toEqual([0, 125, 250]);
    expect([none.next(), none.next(), none.next()]).toEqual([0, 0, 0]);
  });

  it('starts over after a reset', () => {
    const backoff = new Backoff(policy, () => 1);
    backoff.next();
    backoff.next();
    backoff.reset();
    expect([backoff.next(), backoff.next()]).toEqual([0, 250]);
  });

  it('stays a number after very many attempts', () => {
    const backoff = new Backoff(policy, () => 1);
    for (let n = 0; n < 5_000; n++) backoff.next();
    expect(backoff.next()).toBe(30_000);
  });
});
