import type { Bucket, ServerPool, WaitingCaller } from './server-pool.ts';

/** The queues of waiting callers, one for each server. */
export class WaitingLines {
  /** The servers with a waiting caller. */
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

  /** The caller that has waited longest for a session of this bucket. */
  firstFor(bucket: Bucket): WaitingCaller | undefined {
    for (const waiter of bucket.server.waiters) if (waiter.bucket === bucket) return waiter;
    return undefined;
  }

  /**
   * Visits callers in the order in which they came. When `visit` returns false for one, the callers behind it in the same
   * queue are left out, as they must not overtake it. Other queues go on.
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
