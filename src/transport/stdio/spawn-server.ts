import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { spawnFailed } from '../../errors/transport.ts';
import { invalidOption } from '../../errors/options.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { StdioServerSpec } from '../../server-spec.ts';
import { childEnvironment } from './child-environment.ts';

/** A running process with its pipes. */
export interface SpawnedServer {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Null when standard error does not come to us. */
  readonly stderr: Readable | null;
}

/** Starts the process of a spec. When it rejects, with `CONNECT_FAILED`, nothing has been started. */
export async function spawnServer(spec: StdioServerSpec, server: string): Promise<SpawnedServer> {
  const cwd = folderOf(spec.cwd);
  try {
    // On Windows, commands such as `npx` are scripts, which only cross-spawn starts; elsewhere it does nothing more.
    const start = process.platform === 'win32' ? (await import('#cross-spawn')).default : spawn;
    const child = start(spec.command, spec.args ?? [], {
      cwd,
      env: childEnvironment(spec),
      stdio: stdioOf(spec.stderr),
      shell: false,
      windowsHide: true,
      // A process group of its own, so that the whole tree can be signalled. A Ctrl-C at our terminal does not
      // reach it then; it sees the end of its input when we end, however we end.
      detached: process.platform !== 'win32',
    });
    await once(child, 'spawn');
    const { pid, stdin, stdout, stderr } = child;
    if (pid === undefined || stdin === null || stdout === null) throw new Error('No pipes');
    return { child, pid, stdin, stdout, stderr };
  } catch (error) {
    throw await spawnFailure(error, spec.command, cwd, server);
  }
}

function folderOf(cwd: string | URL | undefined): string | undefined {
  if (!(cwd instanceof URL)) return cwd;
  try {
    return fileURLToPath(cwd);
  } catch (error) {
    throw invalidOption('cwd', 'must be a path or a file: URL', { cause: error });
  }
}

function stdioOf(stderr: StdioServerSpec['stderr']): StdioOptions {
  return ['pipe', 'pipe', stderr === 'inherit' || stderr === 'ignore' ? stderr : 'pipe'];
}

/**
 * Says what was wrong with the spec. Of the system's own error only the code is passed on: its message may show arguments
 * and environment variables, and those may be secret.
 */
async function spawnFailure(
  error: unknown,
  command: string,
  cwd: string | undefined,
  server: string,
): Promise<PlenumError> {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const hint = (await wrongFolder(cwd)) ?? wrongCommand(code, command);
  return spawnFailed(server, command, { cwd, code, hint });
}

async function wrongFolder(cwd: string | undefined): Promise<string | undefined> {
  if (cwd === undefined) return undefined;
  try {
    if ((await stat(cwd)).isDirectory()) return undefined;
    return 'The "cwd" of its spec is not a folder.';
  } catch {
    return 'The "cwd" of its spec does not exist, or may not be entered.';
  }
}

function wrongCommand(code: string, command: string): string {
  const isPath = /[/\\]/.test(command);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR': // for a name, when something on PATH is not a folder
      if (/^[^/\\\s]+\s/.test(command))
        return 'The command is the name of a program alone: what follows it belongs into "args", as an array.';
      return isPath
        ? 'There is no such file, or its first line names an interpreter that does not exist: check the path.'
        : 'There is no such command on the PATH that the server gets: check that it is installed, or give its full path.';
    case 'EACCES':
      return 'It may not be run: check that it is a program, not a folder, and executable.';
    case 'E2BIG':
      return 'The arguments and the environment are too long together.';
    case 'EMFILE':
    case 'ENFILE':
    case 'EAGAIN':
    case 'ENOMEM':
      return 'The system has no room for another process or pipe: close some, or raise its limits.';
    case 'ERR_INVALID_ARG_VALUE':
      return 'The command, an argument or a variable of the environment holds a NUL character.';
    default:
      return 'Check the command and its arguments.';
  }
}
