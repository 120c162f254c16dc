import type { RateLimiterMemory } from 'rate-limiter-flexible';
import { rateLimited } from '../routing/denied.ts';
import type { ClientRate } from './client-rule.ts';
import { compileGlobs } from './entry-rules.ts';

const WINDOW_S = 60;

/** A limit, and how much of it one call takes. */
interface Limit {
  readonly limiter: RateLimiterMemory;
  readonly keyOf: (principal: string, counted: string) => string;
  readonly costOf: (name: string) => number;
}

/** Counts the calls of principals, each in windows of a minute that begin with its first call. */
export class RateLimits {
  readonly #rate: ClientRate;
  readonly #costOf: (name: string) => number;
  #limits: Promise<readonly Limit[]> | undefined;

  /** Throws `CONFIG_INVALID`. */
  constructor(field: string, rate: ClientRate) {
    this.#rate = rate;
    const costs = Object.entries(rate.costs ?? {}).map(
      ([glob, cost]) => [compileGlobs(`${field}.costs.${glob}`, glob), cost] as const,
    );
    this.#costOf = (name) => costs.find(([fits]) => fits(name))?.[1] ?? 1;
  }

  /**
   * Counts one call, among those of the principal that are `counted` under the same text. Throws when it is over a limit; then
   * it does not count.
   */
  async take(principal: string, server: string, name: string, counted: string): Promise<void> {
    this.#limits ??= this.#load();
    const taken: (() => Promise<unknown>)[] = [];
    for (const { limiter, keyOf, costOf } of await this.#limits) {
      const [key, cost] = [keyOf(principal, counted), costOf(name)];
      taken.push(() => limiter.reward(key, cost));
      try {
        await limiter.consume(key, cost);
      } catch (refused) {
        for (const giveBack of taken) await giveBack();
        if (refused instanceof Error) throw refused;
        throw rateLimited(server, msBeforeNext(refused));
      }
    }
  }

  async #load(): Promise<readonly Limit[]> {
    const { RateLimiterMemory } = await import('rate-limiter-flexible');
    const { callsPerMinute, callsPerToolPerMinute, costPerMinute } = this.#rate;
    const create = (points: number): RateLimiterMemory =>
      new RateLimiterMemory({ points, duration: WINDOW_S });
    const ofPrincipal = (principal: string): string => principal;
    const one = (): number => 1;
    return [
      ...(callsPerMinute === undefined
        ? []
        : [{ limiter: create(callsPerMinute), keyOf: ofPrincipal, costOf: one }]),
      ...(callsPerToolPerMinute === undefined
        ? []
        : [
            {
              limiter: create(callsPerToolPerMinute),
              keyOf: (principal: string, counted: string) => `${principal}\n${counted}`,
              costOf: one,
            },
          ]),
      ...(costPerMinute === undefined
        ? []
        : [{ limiter: create(costPerMinute), keyOf: ofPrincipal, costOf: this.#costOf }]),
    ];
  }
}

/** What is refused is no error, but says when there is room again. */
function msBeforeNext(refused: unknown): number {
  const ms: unknown =
    typeof refused === 'object' && refused !== null ? Reflect.get(refused, 'msBeforeNext') : 0;
  return typeof ms === 'number' && ms > 0 ? Math.ceil(ms) : 1_000;
}
