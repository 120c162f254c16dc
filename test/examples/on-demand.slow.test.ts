import { describe, expect, it } from 'vitest';
import { runExample } from './support.ts';

const TIMEOUT_MS = 60_000;

describe('examples of sessions on demand run as they stand', { timeout: TIMEOUT_MS }, () => {
  it('pooled-sessions serves two users with a session each', async () => {
    const lines = await runExample('pooled-sessions.mjs');
    for (const [index, question] of ['one', 'two', 'three', 'four', 'five', 'six'].entries()) {
      expect(lines[index]).toBe(`Echo: ${index % 2 === 0 ? 'ada' : 'grace'} asks: ${question}`);
    }
    expect(lines.slice(6).join(' ')).toContain('leased: 0');
  });

  it('retry-and-circuit repeats what is safe, and stops asking what never comes up', async () => {
    expect(await runExample('retry-and-circuit.mjs')).toEqual([
      'look_up, attempt 1',
      'look_up, attempt 2',
      'found',
      'pay: CONNECTION_LOST, maybeExecuted: true',
      'gone: CONNECT_FAILED after 3 attempt(s)',
      'gone: CIRCUIT_OPEN after 1 attempt(s)',
      'The circuit of "gone" is open.',
    ]);
  });

  it('health-checks tells who is well, and what ails the others', async () => {
    const lines = await runExample('health-checks.mjs');
    expect(lines.slice(0, 2)).toEqual([
      'memory: well, memory-server, legacy era',
      'thinking: well, sequential-thinking-server, legacy era',
    ]);
    expect(lines[2]).toMatch(/^misspelt: CONNECT_FAILED: .*There is no such command/);
    expect(lines[3]).toMatch(/^unreachable: CONNECT_FAILED: .*ECONNREFUSED/);
  });

  it('routing goes elsewhere when one of two servers is gone', async () => {
    const lines = await runExample('routing.mjs');
    expect(lines).toEqual(['By name: south', 'By load: north', 'With one gone: south', 'From now on: south']);
  });
});
