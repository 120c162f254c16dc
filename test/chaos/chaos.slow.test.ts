import { describe, expect, inject, it } from 'vitest';
import { runChaos } from './run-chaos.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What `npm run chaos` was given; absent in the short form. */
    chaos?: { seed: number; seconds: number };
  }
}

const { seed, seconds } = inject('chaos') ?? { seed: Math.floor(Math.random() * 2 ** 32), seconds: 20 };

describe('S17 chaos: twenty servers, calls flowing, faults at random', () => {
  it(
    'every invariant holds',
    async () => {
      const violations = await runChaos({
        seed,
        faultsMs: seconds * 1_000,
        maxDelayMs: 1_000,
        log: (line) => console.log(`chaos: ${line}`),
      });
      expect(violations, `seed ${seed}: npm run chaos -- --seed ${seed} --seconds ${seconds}`).toEqual([]);
    },
    seconds * 1_500 + 600_000,
  );
});
