import { describe, expect, inject, it } from 'vitest';
import { runUserChaos } from './users/run-user-chaos.ts';

const { seed, seconds } = inject('chaos') ?? { seed: Math.floor(Math.random() * 2 ** 32), seconds: 20 };

describe('M1–M8 chaos: fifty users on ten servers through one manager, faults at random', () => {
  it(
    'every invariant holds',
    async () => {
      const violations = await runUserChaos({
        seed,
        faultsMs: seconds * 1_000,
        log: (line) => console.log(`chaos: ${line}`),
      });
      expect(
        violations,
        `seed ${seed}: npm run chaos -- --users --seed ${seed} --seconds ${seconds}`,
      ).toEqual([]);
    },
    seconds * 1_500 + 600_000,
  );
});
