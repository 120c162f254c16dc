import type { ProcessFacts } from '../server/call.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import { isRpcMessage, parseJson } from '../server/json-rpc.ts';
import type { Crash, ServerScript } from '../script/script.ts';
import { ScriptedServer } from '../server/scripted-server.ts';
import { die } from './lifecycle.ts';

/** A scripted server on this process's standard input and output. */
export class StdioChild extends ScriptedServer {
  readonly #encoding = this.script.encoding ?? 'utf8';
  readonly #facts: ProcessFacts;
  #rest = '';
  /** Keeps the process alive while it does not read. */
  #asleep: NodeJS.Timeout | undefined;

  constructor(script: ServerScript, facts: ProcessFacts) {
    super(script);
    this.#facts = facts;
  }

  serve(): void {
    const { stdin, stdout } = process;
    const connection = this.core.connected();
    const peer = this.core.open({
      send: (message) => this.#write(`${JSON.stringify(message)}\n`),
      sendRaw: (line) => {
        this.#write(line);
        this.#write('\n');
      },
      origin: () => ({ connection }),
      close: () => {},
    });
    // The parent has closed the pipe.
    stdout.on('error', () => process.exit(0));
    stdin.on('error', () => process.exit(0));
    stdin.setEncoding(this.#encoding);
    stdin.on('data', (chunk: string) => {
      for (const line of this.#linesOf(chunk)) {
        const message = parseJson(line);
        if (isRpcMessage(message)) peer.receive(message);
      }
    });
    stdin.on('end', () => {
      if (this.script.faults?.ignoreTermination !== true) void this.close();
    });
  }

  /** Waits until the written output has been read. */
  async close(): Promise<void> {
    this.core.end(true);
    process.stdout.write('', () => process.exit(0));
  }

  protected override died(crash: Crash, afterAnswer: boolean): void {
    if (afterAnswer) process.stdout.write('', () => die(crash));
    else die(crash);
  }

  /** A hung process does not read its input. */
  protected override heldInput(held: boolean): void {
    clearInterval(this.#asleep);
    if (held) {
      process.stdin.pause();
      this.#asleep = setInterval(() => {}, LONGEST_TIMER_MS);
    } else process.stdin.resume();
  }

  protected override about(): ProcessFacts {
    return this.#facts;
  }

  #linesOf(chunk: string): string[] {
    const lines = chunk.split('\n');
    lines[0] = `${this.#rest}${lines[0] ?? ''}`;
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  #write(data: string | Buffer): void {
    if (typeof data === 'string') process.stdout.write(data, this.#encoding);
    else process.stdout.write(data);
  }
}
