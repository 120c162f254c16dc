import { PlenumError } from '../../errors/plenum-error.ts';
import type { RequestInfo } from '../../session/requests/request-runner.ts';

/** Requests that change nothing on the server, however often they are made. */
const READING_METHODS: ReadonlySet<string> = new Set([
  'completion/complete',
  'logging/setLevel',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'tools/list',
]);

/** What the requests of one attempt may have done on their server. */
export class Effects {
  /** How often each tool may have run: a run may make any number of calls. */
  readonly #calls = new Map<string | undefined, number>();

  /** Notes a request that may change something, until it is certain that it did not reach the server. */
  note({ method, tool }: RequestInfo, call: Promise<unknown>): void {
    if (READING_METHODS.has(method)) return;
    this.#add(tool, 1);
    call.catch((error: unknown) => {
      if (error instanceof PlenumError && error.maybeExecuted === false) this.#add(tool, -1);
    });
  }

  /** Notes that anything may have been done. */
  noteAnything(): void {
    this.#add(undefined, 1);
  }

  /** The tools that may have run, each once; `undefined` among them stands for a request of unknown effect. */
  get tools(): ReadonlySet<string | undefined> {
    return new Set(this.#calls.keys());
  }

  #add(tool: string | undefined, calls: number): void {
    const count = (this.#calls.get(tool) ?? 0) + calls;
    if (count === 0) this.#calls.delete(tool);
    else this.#calls.set(tool, count);
  }
}
