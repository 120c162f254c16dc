import type { Bucket, ServerPool, WaitingCaller } from './server-pool.ts';

/** The lines of callers, one per server. */
export class WaitingLines {
  /** Servers with somebody in their line. */
  readonly #servers = new Set<ServerPool>();

  onEnter(server: ServerPool): void {
    this.#servers.add(server);
  }

  onLeave(server: ServerPool): void {
    if (server.waiters.size === 0) this.#servers.delete(server);
  }

  get areEmpty(): boolean {
    return this.#servers.size === 0;
  }

  all(): WaitingCaller[] {
    return [...this.#servers].flatMap(({ waiters }) => [...waiters]);
  }

  /** Who has waited longest for a session of this bucket. */
  firstFor(bucket: Bucket): WaitingCaller | undefined {
    for (const waiter of bucket.server.waiters) if (waiter.bucket === bucket) return waiter;
    return undefined;
  }

  /**
   * Visits callers in the order in which they came. When `visit` can do nothing for one, those behind it in its line
   * are passed over: they must not overtake it. Lines do not hold each other up.
   */
  walk(visit: (waiter: WaitingCaller) => boolean): void {
    const heads: { waiter: WaitingCaller; readonly rest: Iterator<WaitingCaller, undefined> }[] = [];
    for (const { waiters } of this.#servers) {
      const rest = waiters.values();
      const { value } = rest.next();
      if (value !== undefined) heads.push({ waiter: value, rest });
    }
    while (heads.length > 0) {
      const head = heads.reduce((a, b) => (b.waiter.ticket < a.waiter.ticket ? b : a));
      const { value } = visit(head.waiter) ? head.rest.next() : { value: undefined };
      if (value === undefined) heads.splice(heads.indexOf(head), 1);
      else head.waiter = value;
    }
  }
}
