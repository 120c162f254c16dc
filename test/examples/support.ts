import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, onTestFinished } from 'vitest';
import { processesMarked } from '../support/processes.ts';

const PACKAGE_ROOT = resolve(import.meta.dirname, '../..');

export interface Outcome {
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  readonly stderr: string;
}

export interface RunningExample {
  /** What it has printed so far, and the rest as it comes. */
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Resolves when it has printed this line. */
  printed(line: string): Promise<void>;
  readonly outcome: Promise<Outcome>;
  /** What it left behind: processes by pid, and files in the folder for temporary ones. */
  leftBehind(): { processes: number[]; files: string[] };
}

/** Runs an example as a reader would, but with a folder of its own for temporary files. */
export function startExample(name: string): RunningExample {
  const folder = mkdtempSync(join(tmpdir(), 'plenum-example-'));
  // PATH is the one variable that reaches all that an example starts: a folder that cannot exist marks them.
  const mark = `/dev/null/${folder}`;
  const child = spawn(process.execPath, [join('examples', name)], {
    cwd: PACKAGE_ROOT,
    env: {
      ...process.env,
      PATH: [process.env['PATH'], mark].join(delimiter),
      TMPDIR: folder,
      TEMP: folder,
      TMP: folder,
      npm_config_loglevel: 'error',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<number | null>((done, fail) => child.once('close', done).once('error', fail));
  const linesSoFar = (): string[] => stdout.split(/\r?\n/);

  return {
    child,
    outcome: ended.then((exitCode) => ({ exitCode, lines: linesSoFar(), stderr })),
    printed: (line) =>
      new Promise((done, fail) => {
        const look = (): void => void (linesSoFar().includes(line) && done());
        child.stdout.on('data', look);
        child.once('close', () =>
          fail(new Error(`It ended and had not printed "${line}":\n${stdout}${stderr}`)),
        );
        look();
      }),
    leftBehind: () => ({ processes: processesMarked(mark), files: readdirSync(folder) }),
  };
}

/** What an example prints that ends well, says nothing on standard error and leaves nothing behind. */
export async function runExample(name: string): Promise<readonly string[]> {
  const example = startExample(name);
  const { exitCode, lines, stderr } = await example.outcome;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(example.leftBehind()).toEqual({ processes: [], files: [] });
  return lines.filter((line) => line !== '');
}
