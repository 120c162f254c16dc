import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    // Each file in a process of its own: a test may leave nothing behind, and this shows what does.
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    // These only end what hangs. A test waits for a condition, and passes on a machine that is busy otherwise, too.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 10 } },
    globalSetup: ['test/support/global-setup.ts'],
  },
});
