import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { isRunning } from '../../support/processes.ts';

const library = new URL('../../../dist/index.js', import.meta.url).href;

/** A program that starts a server which ignores the end of its input, tells its pid, and ends in some way. */
const program = (end: string): string => `
  import { openSession } from ${JSON.stringify(library)};
  const session = await openSession(${JSON.stringify(stdioSpec({ faults: { ignoreTermination: true } }))});
  process.stdout.write(String(session.status.pid), () => { ${end} });
`;

describe('T2 a program that exits without closing', () => {
  it.each([
    { title: 'by process.exit()', end: 'process.exit(3)' },
    { title: 'by an uncaught error', end: "setImmediate(() => { throw new Error('uncaught'); })" },
  ])('$title leaves no server behind, not even a stubborn one', async ({ end }) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(end)], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    await once(child, 'close');
    const pid = Number(printed);
    expect(pid).toBeGreaterThan(0);
    await expect.poll(() => isRunning(pid)).toBe(false);
  });
});
