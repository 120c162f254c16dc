import { describe, expect, it } from 'vitest';
import { startExample } from './support.ts';

const TIMEOUT_MS = 60_000;
const NOTHING = { processes: [], files: [] };
const INTERRUPTED = 130;

describe('the tour', { timeout: TIMEOUT_MS }, () => {
  it('passes all its checks, ends by itself and leaves nothing behind', async () => {
    const tour = startExample('tour.mjs');
    const { exitCode, lines, stderr } = await tour.outcome;
    expect(lines.filter((line) => line.includes('✗'))).toEqual([]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(lines.length).toBeLessThan(100);

    const row = (start: RegExp): string | undefined => lines.find((line) => start.test(line));
    expect(row(/^ {2}everything +stdio/)).toMatch(/ready +legacy +2025-11-25 +\d+ ms$/);
    expect(row(/^ {2}everything-http +Streamable HTTP/)).toMatch(/ready +legacy +2025-11-25 +\d+ ms$/);
    expect(row(/^ {2}greeter +Streamable HTTP/)).toMatch(/ready +modern +2026-07-28 +\d+ ms$/);
    expect(row(/^ {2}calculator +this process/)).toMatch(/ready +legacy/);
    expect(row(/^ {2}the group +\d+ +\d+ +\d+ +\d+$/)).toBeDefined();
    expect(row(/█{40} 100 %$/)).toBeDefined();
    expect(row(/✓ client\.listTools +has the tools of all seven$/)).toBeDefined();
    expect(row(/✓ calculator__multiply +through the gateway, too$/)).toBeDefined();
    expect(row(/✓ processes +5 started, 0 left$/)).toBeDefined();
    expect(lines.at(-2)).toMatch(/^All \d+ checks passed, in [\d.]+ s\.$/);
    expect(tour.leftBehind()).toEqual(NOTHING);
  });

  it('closes everything when it is interrupted in the middle of a call', async () => {
    const tour = startExample('tour.mjs');
    await tour.printed('Progress of a long tool');
    tour.child.kill('SIGINT');
    const { exitCode, lines } = await tour.outcome;
    expect(exitCode).toBe(INTERRUPTED);
    expect(lines).toContain('      Interrupted.');
    expect(lines).toContainEqual(expect.stringMatching(/✓ processes +5 started, 0 left$/));
    expect(tour.leftBehind()).toEqual(NOTHING);
  });

  it('closes everything when it is interrupted while servers come up', async () => {
    const tour = startExample('tour.mjs');
    await tour.printed('Plenum: every MCP server in one session');
    tour.child.kill('SIGINT');
    const { exitCode, lines } = await tour.outcome;
    expect(exitCode).toBe(INTERRUPTED);
    expect(lines).not.toContain('Servers');
    expect(lines).toContainEqual(expect.stringMatching(/✓ processes .* 0 left$/));
    expect(tour.leftBehind()).toEqual(NOTHING);
  });
});
