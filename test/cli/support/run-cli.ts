import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { StdioServerSpec } from '../../../src/server-spec.ts';
import { eventually } from '../../support/eventually.ts';
import { processesMarked } from '../../support/processes.ts';
import { newFolder } from '../../support/folders.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The built command. */
export const MAIN = join(ROOT, 'dist/cli/main.js');

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What stands on standard input. */
  readonly input?: string;
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end, in an empty folder with a home of its own. */
export async function plenum(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd = newFolder(), input = '' } = options;
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: environment(options.env),
    timeout: 100_000,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const exitCode = await new Promise<number | null>((done, fail) =>
    child.once('close', done).once('error', fail),
  );
  return { exitCode, stdout, stderr };
}

/** What `--json` printed. */
export async function plenumJson(args: readonly string[], options?: RunOptions): Promise<unknown> {
  const [command = '', ...rest] = args;
  const { exitCode, stdout, stderr } = await plenum([command, '--json', ...rest], options);
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`no JSON; exit code ${exitCode}, and on standard error: ${stderr}`, { cause });
  }
}

/** Nothing of the tester's own settings and logins; a mark on PATH, by which whatever it starts is known. */
export function environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { PATH = '', HOME = '', SystemRoot = '' } = process.env;
  return { PATH, HOME, XDG_DATA_HOME: newFolder(), ...(SystemRoot !== '' && { SystemRoot }), ...more };
}

/** A mark for the environment of one run. */
export function marked(): { env: { PATH: string }; expectNothingLeft(): Promise<void> } {
  const mark = `/dev/null/plenum-cli-${process.pid}-${Math.random().toString(36).slice(2)}`;
  return {
    env: { PATH: [process.env['PATH'], mark].join(delimiter) },
    expectNothingLeft: async () => {
      await eventually('nothing is left running', () => processesMarked(mark).length === 0);
    },
  };
}

/** Writes a configuration, and returns its path. */
export function configFile(servers: Readonly<Record<string, object>>, more: object = {}): string {
  const path = join(newFolder(), 'plenum.json');
  writeFileSync(path, JSON.stringify({ mcpServers: servers, ...more }));
  return path;
}

/** The command line that stands for a server in a process, after `--`. */
export function inline({ command, args = [] }: StdioServerSpec): string[] {
  return ['--', command, ...args];
}

/** A public server, as it was installed for these tests. */
export function referenceServer(name: string, ...args: string[]): { command: string; args: string[] } {
  const entry = join(ROOT, 'node_modules/@modelcontextprotocol', `server-${name}`, 'dist/index.js');
  return { command: process.execPath, args: [entry, ...args] };
}

/** Characters that a terminal would obey. Line ends and tabs are harmless. */
export const CONTROLS =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;
