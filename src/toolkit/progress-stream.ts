import type { Progress } from '@modelcontextprotocol/client';
import { createDeferred } from '../internal/deferred.ts';

/**
 * Runs something and yields the progress that it reports, then returns what it gave. A reader who is slow gets the
 * newest report only, so a flood of them takes no memory.
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
