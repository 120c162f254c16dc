import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../support/folders.ts';

const HOST = join(import.meta.dirname, '../fixtures/hostile/host.mjs');
/** The longest step may take as many times the unit, which is some 40 ms, and the time of parsing what comes in one piece. */
const UNITS = 3;
const PARSES = 8;
/** What may be kept of an input: the engine holds on to the last texts that it matched. */
const KEPT_BYTES = 128 * 1024 * 1024;

interface Used {
  readonly row: string;
  readonly longestMs: number;
  readonly baselineMs: number;
  readonly keptBytes: number;
  readonly outcomes: readonly string[];
  /** Events of the neighbour, after it was connected. */
  readonly problems?: readonly string[];
  /** Undefined where a gateway was the one that got the input. */
  readonly neighbour?: string;
  readonly connections?: number;
}

describe('a group with hostile servers', () => {
  it('prints nothing, is not held up, keeps no more than it got, and its other server notices nothing', async () => {
    const file = join(newFolder(), 'report.json');
    const host = spawn(process.execPath, ['--expose-gc', HOST, file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    host.stdout.on('data', (chunk) => (printed += String(chunk)));
    host.stderr.on('data', (chunk) => (printed += String(chunk)));
    const [code] = await once(host, 'close');
    expect({ code, printed }).toEqual({ code: 0, printed: '' });

    const { unitMs, report } = JSON.parse(readFileSync(file, 'utf8')) as { unitMs: number; report: Used[] };
    expect(report.length).toBeGreaterThan(100);
    const limitMs = ({ baselineMs }: Used): number => UNITS * unitMs + PARSES * baselineMs;
    const slow = report.filter((used) => used.longestMs > limitMs(used));
    expect(slow.map((used) => `${used.row}: ${used.longestMs} of ${limitMs(used)} ms`)).toEqual([]);
    expect(report.filter(({ keptBytes }) => keptBytes > KEPT_BYTES).map(({ row }) => row)).toEqual([]);
    for (const used of report) {
      if (used.neighbour === undefined) {
        expect(used.outcomes, used.row).toEqual(['the client ended with 0']);
        continue;
      }
      const untouched = { problems: [], neighbour: 'ready', connections: 1 };
      expect(used, used.row).toMatchObject(untouched);
      const calls = used.outcomes.filter((each) => each.startsWith('neighbour'));
      expect(calls, used.row).toEqual(['neighbour__echo: answered', 'neighbour__echo: answered']);
    }
  }, 900_000);
});
