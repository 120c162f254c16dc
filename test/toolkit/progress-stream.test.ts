import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../src/internal/deferred.ts';
import { progressStream } from '../../src/toolkit/progress-stream.ts';

describe('M9 progress as a stream', () => {
  it('comes while it runs, the newest to a slow reader, then the outcome', async () => {
    const more = createDeferred<void>();
    const stream = progressStream(async (report) => {
      report({ progress: 1 });
      report({ progress: 2 });
      await more.promise;
      report({ progress: 3 });
      return 'done';
    });
    expect(await stream.next()).toEqual({ done: false, value: { progress: 2 } });
    more.resolve();
    expect(await stream.next()).toEqual({ done: false, value: { progress: 3 } });
    expect(await stream.next()).toEqual({ done: true, value: 'done' });
  });

  it('has no steps where nothing is reported', async () => {
    expect(await progressStream(async () => 7).next()).toEqual({ done: true, value: 7 });
  });

  it('throws what it ended with, after what was reported', async () => {
    const stream = progressStream(async (report) => {
      report({ progress: 1 });
      throw new Error('broken');
    });
    expect(await stream.next()).toEqual({ done: false, value: { progress: 1 } });
    await expect(stream.next()).rejects.toThrow('broken');
  });

  it('may be left by its reader before it ends', async () => {
    const fail = createDeferred<string>();
    const stream = progressStream((report) => {
      report({ progress: 1 });
      return fail.promise;
    });
    await stream.next();
    expect(await stream.return('left')).toEqual({ done: true, value: 'left' });
    fail.reject(new Error('nobody hears it'));
  });
});
