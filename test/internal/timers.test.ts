import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/internal/limit.ts';
import { LONGEST_TIMER_MS, startTimer } from '../../src/internal/timers.ts';

describe('startTimer', () => {
  it('does not fire at once when the delay is longer than Node can hold', async () => {
    let fired = false;
    const stop = startTimer(LONGEST_TIMER_MS * 3, () => {
      fired = true;
    });
    await sleep(20);
    stop();
    expect(fired).toBe(false);
  });

  it('starts nothing for Infinity', () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const stop = startTimer(Infinity, () => {}, { keepAlive: true });
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBe(before);
    stop();
  });

  it('fires once, and not after it was stopped', async () => {
    let count = 0;
    startTimer(0, () => count++, { keepAlive: true });
    startTimer(0, () => (count += 100), { keepAlive: true })();
    await sleep(20);
    expect(count).toBe(1);
  });
});
