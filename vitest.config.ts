import { defineConfig } from 'vitest/config';

const SLOW = 'test/**/*.slow.test.ts';
/** Packages have tests, too: those of the conformance suite are installed below test/. */
const PACKAGES = '**/node_modules/**';

export default defineConfig({
  test: {
    environment: 'node',
    pool: 'forks',
    retry: 0,
    // These only end what hangs. A test waits for a condition, and passes on a machine that is busy otherwise, too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
    globalSetup: ['test/support/global-setup.ts'],
    // Of what runs in the runner's own processes; the programs that tests start are not counted.
    coverage: { include: ['src/**'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [SLOW, PACKAGES],
          // Most of these wait for a process or a socket most of the time, and loading the modules anew for each
          // file would take as long as the tests.
          maxWorkers: 4,
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          include: [SLOW],
          exclude: [PACKAGES],
          // Each file in a process of its own: many of these measure what is left behind.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
