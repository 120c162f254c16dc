import type { Progress } from '@modelcontextprotocol/client';
import { createDeferred } from '../internal/deferred.ts';

/**
 * Calls `run` and yields its progress reports, then returns its result. A slow reader gets only the newest report, so
 * that memory is bounded.
 */
export async function* progressStream<T>(
  run: (onProgress: (progress: Progress) => void) => Promise<T>,
): AsyncGenerator<Progress, T, undefined> {
  let news = createDeferred<void>();
  let latest: Progress | undefined;
  let over = false;
  const outcome = run((progress) => {
    latest = progress;
    news.resolve();
  });
  const end = (): void => {
    over = true;
    news.resolve();
  };
  outcome.then(end, end);

  for (;;) {
    await news.promise;
    news = createDeferred();
    if (latest !== undefined) {
      const report = latest;
      latest = undefined;
      yield report;
    }
    if (over) return outcome;
  }
}
