import { isUtf8 } from 'node:buffer';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { lineSkipped } from '../../errors/transport.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Backlog, mayReadOn, type PausableSource } from '../backlog.ts';
import { isMessage, LONGEST_BATCH } from '../json-rpc.ts';
import { LineSplitter, LineTooLong } from './line-splitter.ts';
import type { TextCodec } from './text-codec.ts';

/** How much of a line that cannot be decoded is shown. */
const SAMPLE_BYTES = 400;
/** The first byte of a byte order mark in UTF-8, with which few other characters begin. */
const BYTE_ORDER_MARK = 0xef;

export interface MessageReaderOptions {
  /** The server's name, for messages. */
  readonly server: string;
  readonly codec: TextCodec;
  readonly maxMessageBytes: number;
  /** What brings the bytes. It is paused while lines wait for a later turn of the event loop. */
  readonly source: PausableSource;
  readonly onMessage: (message: JSONRPCMessage) => void;
  /** Something was dropped. */
  readonly onProblem: (error: PlenumError) => void;
  /** A line is longer than the limit: nothing more will be read. */
  readonly onOverflow: () => void;
}

/** Reads a server's standard output: one JSON-RPC message a line. Other lines are reported and skipped. */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #lines: LineSplitter;
  readonly #readLine = (line: Buffer): void => this.#read(line, 'a line');
  /** Lines that wait for a later turn: none, as a rule. */
  #backlog: Backlog<Buffer> | undefined;
  #ended = false;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
    this.#lines = new LineSplitter(options.maxMessageBytes, options.codec.unitBytes);
  }

  /** The start of what came after the last newline, for people. */
  get unfinished(): string {
    return this.#lines.partial(SAMPLE_BYTES).toString('latin1').trim();
  }

  push(chunk: Buffer): void {
    const rest = this.#backlog?.isEmpty === false ? chunk : this.#readLines(chunk);
    if (rest === undefined) return;
    this.#backlog ??= new Backlog(this.#options.source, (bytes) => this.#readLines(bytes));
    this.#backlog.push(rest);
  }

  /**
   * Reads what waits, and what came after the last newline; from then on nothing is read. Calls `then` when it is done,
   * which is at once as a rule. Idempotent.
   */
  end(then: () => void = () => {}): void {
    const finish = (): void => {
      this.#finish();
      then();
    };
    if (this.#backlog === undefined) finish();
    else this.#backlog.whenRead(finish);
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    const rest = this.#lines.rest();
    if (rest.length > 0) this.#read(rest, 'half a line');
  }

  /** Returns what has to wait for a later turn. */
  #readLines(chunk: Buffer): Buffer | undefined {
    if (this.#ended) return undefined;
    try {
      return this.#lines.push(chunk, this.#readLine, mayReadOn);
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.#ended = true;
      this.#options.onOverflow();
      return undefined;
    }
  }

  #read(line: Buffer, wrote: 'a line' | 'half a line'): void {
    const { codec, onMessage } = this.#options;
    let text: string;
    try {
      text = isPlainUtf8(codec, line) ? line.toString('utf8') : codec.decode(line);
    } catch {
      return this.#drop(
        `${wrote} that is not valid ${codec.encoding}`,
        line.toString('latin1', 0, SAMPLE_BYTES),
      );
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (text.trim() === '') return;
      return this.#drop(`${wrote} that is not JSON`, text);
    }
    if (isMessage(value)) return onMessage(value);
    if (Array.isArray(value) && value.length > 0) return this.#readBatch(value, text, wrote);
    this.#drop(`${wrote} that is not a JSON-RPC message`, text);
  }

  /** Only revision 2025-03-26 has batches. Their messages are handed on one by one. */
  #readBatch(batch: readonly unknown[], text: string, wrote: string): void {
    if (batch.length > LONGEST_BATCH)
      return this.#drop(`${wrote} with a batch of ${batch.length} messages`, '[…');
    const messages = batch.filter(isMessage);
    mayReadOn(0, messages.length);
    if (messages.length < batch.length) this.#drop(`${wrote} that is not a JSON-RPC message`, text);
    messages.forEach((message) => this.#options.onMessage(message));
  }

  #drop(what: string, sample: string): void {
    const { server, onProblem } = this.#options;
    onProblem(lineSkipped(server, what, sample));
  }
}

/** Whether the bytes are valid and have no byte order mark. Then `toString` reads them several times as fast as a codec. */
function isPlainUtf8(codec: TextCodec, line: Buffer): boolean {
  return codec.encoding === 'utf-8' && line[0] !== BYTE_ORDER_MARK && isUtf8(line);
}
