import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

/** Latencies in milliseconds; all are 0 while nothing is recorded. */
export interface LatencySummary {
  readonly count: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const LONGEST_US = 3_600_000_000;

/**
 * Records durations from a microsecond to an hour, within 1 %, in fixed memory that is allocated with the first one.
 */
export class LatencyHistogram {
  #histogram: RecordableHistogram | undefined;

  record(ms: number): void {
    this.#histogram ??= createHistogram({ lowest: 1, highest: LONGEST_US, figures: 2 });
    this.#histogram.record(Math.min(Math.max(1, Math.round(ms * 1_000)), LONGEST_US));
  }

  summary(): LatencySummary {
    const histogram = this.#histogram;
    if (histogram === undefined) return { count: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 };
    const percentile = (p: number): number => histogram.percentile(p) / 1_000;
    return {
      count: histogram.count,
      p50Ms: percentile(50),
      p90Ms: percentile(90),
      p99Ms: percentile(99),
      maxMs: histogram.max / 1_000,
    };
  }
}
