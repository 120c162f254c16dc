import { constants } from 'node:buffer';
import type { ChildProcess } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Readable } from 'node:stream';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import {
  lineTooLong,
  processNotEnded,
  transportNotStarted,
  transportUsedUp,
} from '../../errors/transport.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { stdioSpec } from '../../options/tables/server.ts';
import type { StdioServerSpec } from '../../server-spec.ts';
import type { FinalOutput, ManagedTransport, TransportContext, TransportEnd } from '../managed-transport.ts';
import { MessageReader } from './message-reader.ts';
import { killAtExit } from './process-group.ts';
import { ProcessTree, stopProcesses } from './process-tree.ts';
import { settledWithin } from '../../internal/limit.ts';
import { spawnServer, type SpawnedServer } from './spawn-server.ts';
import { forward, StderrCapture } from './stderr.ts';
import { createTextCodec, type TextCodec } from './text-codec.ts';
import { WriteQueue } from './write-queue.ts';

/**
 * How long to wait for the last output of a process that has exited, as its children may keep the pipe open; and, when a
 * pipe breaks first, for the exit of the process, which most often explains it.
 */
const SETTLE_MS = 500;

/** A server that has been started. */
interface Link {
  readonly child: ChildProcess;
  readonly tree: ProcessTree;
  readonly input: WriteQueue;
  readonly output: MessageReader;
  /** Undefined when standard error does not come to us. */
  readonly stderr: StderrCapture | undefined;
  /** From now on, standard error is read without waiting for the stream that it is copied to. */
  stopPacing(): void;
  /** Closes our ends of the pipes that we read. */
  release(): void;
}

/** How a server was lost that we did not close. */
interface Loss {
  readonly what: string;
  readonly error?: Error;
  /** Whether this explains the loss, so that the exit of the process would add nothing. */
  readonly certain?: boolean;
}

/**
 * A server as a child process: one JSON-RPC message a line on its standard input and output. Why it has a life of its own
 * beside `BaseTransport`: docs/decisions/0015.
 *
 * The process leads a group of its own and is stopped as a group. If this program exits without `close()`, the group
 * is killed; if it is killed itself, the system closes the pipes, and the server sees the end of its input.
 */
export class StdioTransport implements ManagedTransport {
  readonly kind = 'stdio';
  /** By `stderr` and `pid` the official client knows a stdio transport, and negotiates the version accordingly. */
  readonly stderr = null;
  onclose?: ManagedTransport['onclose'];
  onerror?: ManagedTransport['onerror'];
  onmessage?: ManagedTransport['onmessage'];

  readonly #spec: StdioServerSpec;
  readonly #context: TransportContext;
  readonly #codec: TextCodec;
  readonly #force = new AbortController();
  #starting: Promise<void> | undefined;
  #link: Link | undefined;
  /** The end, which begins once: by `close` or by the loss of the server, whichever comes first. */
  #stopping: Promise<void> | undefined;
  #finished = false;
  #end: TransportEnd | undefined;

  constructor(spec: StdioServerSpec, context: TransportContext) {
    this.#spec = spec;
    this.#context = context;
    this.#codec = createTextCodec(spec.encoding, spec.encodingErrors);
  }

  get pid(): number | undefined {
    const tree = this.#link?.tree;
    return tree?.exit === undefined ? tree?.pid : undefined;
  }

  get end(): TransportEnd | undefined {
    return this.#end;
  }

  get finalOutput(): FinalOutput | undefined {
    const link = this.#link;
    return link && { stderr: link.stderr?.tail ?? '', stdout: link.output.unfinished };
  }

  /** Starts the process and resolves as soon as it runs. Rejects with `CONNECT_FAILED`, or with `NOT_CONNECTED` when it was started before. */
  async start(): Promise<void> {
    const { server } = this.#context;
    if (this.#starting !== undefined || this.#stopping !== undefined) {
      throw transportUsedUp(server);
    }
    this.#starting = spawnServer(this.#spec, server).then((spawned) => {
      this.#link = this.#connect(spawned);
    });
    await this.#starting;
  }

  /** Resolves once the pipe has taken the message; rejects with `CONNECTION_LOST` when it never will. */
  send(message: JSONRPCMessage): Promise<void> {
    if (this.#link !== undefined) return this.#link.input.send(message);
    const { server } = this.#context;
    return Promise.reject(transportNotStarted(server));
  }

  close(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  destroy(): Promise<void> {
    this.#force.abort();
    return this.close();
  }

  #connect({ child, pid, stdin, stdout, stderr }: SpawnedServer): Link {
    const { server } = this.#context;
    // No longer than a string can be, whatever was asked for.
    const maxMessageBytes = Math.min(
      this.#spec.maxMessageBytes ?? stdioSpec.maxMessageBytes.default,
      constants.MAX_STRING_LENGTH,
    );
    const output = new MessageReader({
      server,
      codec: this.#codec,
      maxMessageBytes,
      source: stdout,
      onMessage: (message) => this.#deliver(message),
      onProblem: (error) => this.#whileOpen(() => this.#context.onProblem(error)),
      onOverflow: () => this.#overflow(maxMessageBytes),
    });
    stdout.on('data', (chunk: Buffer) => output.push(chunk));
    stdout.on('error', (error) => this.#guard(() => this.onerror?.(error)));
    stdout.on('end', () => {
      output.end(() => this.#endWith({ what: 'closed its standard output' }));
    });
    const input = new WriteQueue(stdin, {
      server,
      codec: this.#codec,
      onBroken: (error, what) => this.#endWith({ what, error }),
    });
    const errors = stderr === null ? undefined : this.#readErrors(stderr);
    const stopKillAtExit = killAtExit(pid);
    return {
      child,
      tree: new ProcessTree(child, pid, (exit) => this.#endWith({ what: exit })),
      input,
      output,
      stderr: errors?.capture,
      stopPacing: () => errors?.stopPacing(),
      release: () => {
        stopKillAtExit();
        stdout.destroy();
        stderr?.destroy();
      },
    };
  }

  #readErrors(stream: Readable): { capture: StderrCapture; stopPacing: () => void } {
    const { stderr: target = 'capture' } = this.#spec;
    const capture = new StderrCapture(this.#codec.encoding, (line) => {
      if (target === 'capture') this.#guard(() => this.#context.onStderr?.(line));
    });
    stream.on('data', (chunk: Buffer) => capture.push(chunk));
    stream.on('end', () => capture.end());
    stream.on('error', (error) => this.#guard(() => this.onerror?.(error)));
    return { capture, stopPacing: typeof target === 'string' ? () => {} : forward(stream, target) };
  }

  #overflow(maxMessageBytes: number): void {
    const { server } = this.#context;
    const what = `wrote a line longer than ${maxMessageBytes} bytes`;
    const error = lineTooLong(server, what);
    this.#whileOpen(() => this.#context.onProblem(error));
    this.#endWith({ what, error, certain: true });
  }

  #endWith(loss: Loss): void {
    if (this.#link !== undefined) this.#stopping ??= this.#afterLoss(this.#link, loss);
  }

  async #afterLoss(link: Link, loss: Loss): Promise<void> {
    link.input.fail(`the server ${loss.what}`);
    link.stopPacing();
    // Waits in any case, if only for a microtask: `onclose` may call `close`, which must find `#stopping` set.
    await (loss.certain === true ? undefined : this.#settle(link));
    this.#end = describeEnd(link, loss);
    link.input.fail(`the server ${this.#end.what}`);
    await this.#finish(link);
    await this.#clear(link, link.tree.exit === undefined ? this.#closeGraceMs : 0);
    link.release();
  }

  async #stop(): Promise<void> {
    if (this.#link === undefined) await this.#starting?.catch(() => {});
    const link = this.#link;
    if (link === undefined) return;
    link.stopPacing();
    const flushed = link.input.end('the connection is being closed');
    const inTime = await settledWithin(flushed, this.#closeGraceMs, this.#force.signal);
    if (!inTime) link.input.fail('the connection was closed before the server had read it');
    // A server that has not read its input until now will not notice the end of it either.
    await this.#clear(link, inTime ? this.#closeGraceMs : 0);
    await this.#settle(link);
    link.input.fail('the connection was closed');
    await this.#finish(link);
    link.release();
  }

  /** Waits for what an exited server still has in the pipe. */
  async #settle(link: Link): Promise<void> {
    await settledWithin(link.tree.drained, SETTLE_MS, this.#force.signal);
    // In a busy program the timer fires before the output that has arrived is read.
    await nextTurn();
  }

  async #finish(link: Link): Promise<void> {
    await new Promise<void>((read) => link.output.end(read));
    link.stderr?.end();
    this.#finished = true;
    this.#guard(() => this.onclose?.());
  }

  /** Ends every process of the tree whose input has been closed. */
  async #clear({ tree, child }: Link, closeGraceMs: number): Promise<void> {
    const { terminateGraceMs = stdioSpec.terminateGraceMs.default } = this.#spec;
    if (await stopProcesses(tree, { closeGraceMs, terminateGraceMs }, this.#force.signal)) return;
    child.unref();
    const { server } = this.#context;
    this.#guard(() => this.#context.onProblem(processNotEnded(server, tree.pid)));
  }

  get #closeGraceMs(): number {
    return this.#spec.closeGraceMs ?? stdioSpec.closeGraceMs.default;
  }

  #deliver(message: JSONRPCMessage): void {
    if (!this.#isOpen) return;
    try {
      this.onmessage?.(message);
    } catch (error) {
      this.#report(error);
    }
  }

  #whileOpen(call: () => void): void {
    if (this.#isOpen) this.#guard(call);
  }

  /** Nothing is handed on after `onclose`, nor after `destroy`, when a message may be cut off anywhere. */
  get #isOpen(): boolean {
    return !this.#finished && !this.#force.signal.aborted;
  }

  /** Calls a handler. An error that it throws is reported, and stops neither the reader nor the end. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.onerror?.(error instanceof Error ? error : new Error(messageOf(error)));
    } catch {
      // There is no other way to report it.
    }
  }
}

function describeEnd(link: Link, loss: Loss): TransportEnd {
  const exit = loss.certain === true ? undefined : link.tree.exit;
  const stderr = link.stderr?.tail ?? '';
  return {
    what: exit ?? loss.what,
    ...(stderr !== '' && { stderr }),
    ...(exit === undefined && loss.error !== undefined && { error: loss.error }),
  };
}
