import type { ProcessFacts } from '../server/call.ts';
import { parseCommand } from '../script/check-script.ts';
import type { ServeHttpOptions } from '../http/http-options.ts';
import { ScriptedHttpServer } from '../http/serve-http.ts';
import { isObject } from '../server/json-rpc.ts';
import type { Crash, ServerScript } from '../script/script.ts';
import { die } from './lifecycle.ts';

/** A scripted HTTP server in this process, which the parent process controls over the IPC channel. */
export class HttpChild extends ScriptedHttpServer {
  readonly #facts: ProcessFacts;

  constructor(script: ServerScript, options: ServeHttpOptions, facts: ProcessFacts) {
    super(script, options);
    this.#facts = facts;
  }

  async serve(): Promise<void> {
    process.on('disconnect', () => process.exit(0));
    process.on('message', (message) => this.#obey(message));
    await this.listen();
    process.send?.({ port: this.port });
  }

  protected override died(crash: Crash, afterAnswer: boolean): void {
    if (!afterAnswer) return die(crash);
    super.died(crash, afterAnswer);
    void this.close().then(() => die(crash));
  }

  protected override about(): ProcessFacts {
    return this.#facts;
  }

  #obey(message: unknown): void {
    if (!isObject(message)) return;
    const { id, control } = message;
    if (!isObject(control)) return void process.send?.({ id, inspection: this.inspect() });
    const command = parseCommand(control);
    if (typeof command === 'string') return;
    process.send?.({ id }, undefined, undefined, () => this.control(command));
  }
}
