import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

export const packageRoot = resolve(import.meta.dirname, '../..');

const TIMEOUT_MS = 120_000;
const execute = promisify(execFile);

/** Runs a program to its end and returns its standard output; rejects with both outputs when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  // On Windows npm and its friends are `.cmd` files, which only a shell starts.
  const options = { cwd, env: environment(), timeout: TIMEOUT_MS, shell: process.platform === 'win32' };
  return finish(execute(command, args, options), [command, ...args].join(' '));
}

export async function runNode(args: readonly string[], cwd: string): Promise<string> {
  const options = { cwd, env: environment(), timeout: TIMEOUT_MS };
  return finish(execute(process.execPath, args, options), ['node', ...args].join(' '));
}

/** A command of this package's own devDependencies. */
export function runTool(name: string, args: readonly string[], cwd: string): Promise<string> {
  return run(toolPath(name), args, cwd);
}

export function toolPath(name: string): string {
  return resolve(packageRoot, 'node_modules/.bin', name);
}

async function finish(child: Promise<{ stdout: string }>, title: string): Promise<string> {
  try {
    const { stdout } = await child;
    return stdout;
  } catch (error) {
    const { stdout, stderr } = { stdout: '', stderr: '', ...(error as object) };
    throw new Error(`${title} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** Without what the test runner and `npm test` put there: the children are to act as in a user's shell. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_|VITEST|NODE_ENV$|NODE_OPTIONS$|TEST$)/.test(name),
    ),
  );
}
