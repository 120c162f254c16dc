// The long form of the chaos suite: `npm run chaos -- [--users] [--seed N] [--seconds N]`. Run the build first.
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    seconds: { type: 'string', default: '600' },
    users: { type: 'boolean', default: false },
  },
});
const seed = wholeNumber('--seed', values.seed);
const seconds = wholeNumber('--seconds', values.seconds);

// The runner sets the exit code: 1 when an invariant did not hold.
const vitest = await startVitest('test', [`test/chaos/${values.users ? 'users' : 'chaos'}.slow.test.ts`], {
  run: true,
  watch: false,
  provide: { chaos: { seed, seconds } },
});
await vitest.close();

function wholeNumber(option, text) {
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`${option} must be a whole number, not "${text}".`);
}
