import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { scriptedServerExited, scriptedServerNotRunning } from '../../errors/testing.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { checkCommand } from '../script/check-script.ts';
import { isObject } from '../server/json-rpc.ts';
import type { ControlCommand, ServerScript } from '../script/script.ts';
import type { Inspection } from '../server/server-core.ts';
import { entryFile, scriptArguments, type ScriptFile } from '../stdio.ts';
import { checkHttpOptions, type ServeHttpOptions } from './http-options.ts';

/**
 * Serves a scripted server as Streamable HTTP from a child process, which can be killed. Rejects with
 * `CONFIG_INVALID`, or with `CONNECT_FAILED` when the process does not start.
 */
export async function httpProcess(
  script: ServerScript | ScriptFile = {},
  options: ServeHttpOptions = {},
): Promise<HttpProcess> {
  checkHttpOptions(options);
  const server = new HttpProcess(scriptArguments(script), options);
  await server.restart();
  return server;
}

/** A scripted HTTP server in a child process. It ends when this process ends. */
export class HttpProcess {
  readonly #arguments: readonly string[];
  readonly #options: ServeHttpOptions;
  readonly #waiting = new Map<number, Deferred<unknown>>();
  #child: ChildProcess | undefined;
  #port: number;
  #nextId = 1;

  /** @internal */
  constructor(scriptArgs: readonly string[], options: ServeHttpOptions) {
    this.#arguments = scriptArgs;
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/mcp`;
  }

  get port(): number {
    return this.#port;
  }

  /** The process id, while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the process, or starts it again on the same port; resolves when it listens. */
  async restart(): Promise<void> {
    await this.kill();
    const options = JSON.stringify({ ...this.#options, port: this.#port });
    const child = spawn(process.execPath, [entryFile(), ...this.#arguments, '--http', options], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => (stderr = `${stderr}${chunk.toString()}`.slice(-4096)));
    const listening = createDeferred<number>();
    child.on('message', (message) => this.#take(message, listening));
    child.on('error', (error) => listening.reject(error));
    child.on('exit', (code, signal) => {
      if (this.#child === child) this.#child = undefined;
      const gone = scriptedServerExited(signal ?? `code ${code}`, stderr);
      listening.reject(gone);
      for (const waiting of this.#waiting.values()) waiting.reject(gone);
      this.#waiting.clear();
    });
    this.#port = await listening.promise;
  }

  /** Kills the process, if it runs, and resolves when it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Sends a command to the server; resolves when the server has received it. Rejects when the process does not run. */
  async control(command: ControlCommand): Promise<void> {
    checkCommand(command);
    await this.#tell({ control: command });
  }

  async inspect(): Promise<Inspection> {
    return (await this.#tell({})) as Inspection;
  }

  /** The same as a `kill()`. */
  close(): Promise<void> {
    return this.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(message: object): Promise<unknown> {
    const child = this.#child;
    if (child === undefined) {
      return Promise.reject(scriptedServerNotRunning());
    }
    const id = this.#nextId++;
    const answer = createDeferred<unknown>();
    this.#waiting.set(id, answer);
    child.send({ id, ...message });
    return answer.promise;
  }

  #take(message: unknown, listening: Deferred<number>): void {
    if (!isObject(message)) return;
    if (typeof message['port'] === 'number') listening.resolve(message['port']);
    const id = message['id'];
    if (typeof id !== 'number') return;
    this.#waiting.get(id)?.resolve(message['inspection']);
    this.#waiting.delete(id);
  }
}
