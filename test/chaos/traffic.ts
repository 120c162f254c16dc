import { setTimeout as sleep } from 'node:timers/promises';
import { PlenumError, type CallOptions, type PlenumErrorCode, type SessionGroup } from '../../src/index.ts';
import type { FleetServer } from './fleet.ts';
import { Latencies } from './latencies.ts';
import type { Random } from '../support/random.ts';
import type { Violations } from './violations.ts';

const CALL_TIMEOUT_MS = 3_000;
const CALM_TIMEOUT_MS = 15_000;
/** How late a call may be. */
const MARGIN_MS = 4_000;
const CALLERS_PER_SERVER = 3;

/** What a call that meets a fault may fail with; anything else means that something was misunderstood. */
const EXPECTED_CODES: ReadonlySet<PlenumErrorCode> = new Set([
  'CONNECTION_LOST',
  'TIMEOUT',
  'ABORTED',
  'SESSION_EXPIRED',
]);

export const callTimeoutMs = (slowness: number): number => CALL_TIMEOUT_MS * slowness;
export const calmTimeoutMs = (slowness: number): number => CALM_TIMEOUT_MS * slowness;

/** What a caller may conclude about one call. */
export type Outcome = 'answered' | 'never ran' | 'unknown';

/** What one call asked and what came back for it. */
interface Question {
  readonly server: FleetServer;
  readonly id: string;
  readonly options: CallOptions;
}

/** Callers that never rest: some at each server, asking what only the right answer fits. */
export class Traffic {
  /** Of calls that left for `tools/call`, by id. */
  readonly outcomes = new Map<string, Outcome>();
  /** Errors of calls, by code. */
  readonly errors = new Map<string, number>();
  /** The last error of each server's calls. */
  readonly lastErrors = new Map<string, string>();
  readonly calmLatencies = { before: new Latencies(), during: new Latencies() };
  /** Whether latencies are those of the time of faults. */
  faulty = false;
  calls = 0;
  /** How many times slower than a quiet one this machine is. */
  readonly slowness: number;
  readonly callTimeoutMs: number;
  readonly calmTimeoutMs: number;
  readonly #group: SessionGroup;
  readonly #violations: Violations;
  readonly #random: Random;
  /** Given with every call that has no signal of its own: nothing may stay on it. */
  readonly #signal: AbortSignal;
  readonly #callers: Promise<void>[] = [];
  #stopped = false;

  constructor(
    group: SessionGroup,
    random: Random,
    violations: Violations,
    signal: AbortSignal,
    slowness: number,
  ) {
    this.slowness = slowness;
    this.callTimeoutMs = callTimeoutMs(slowness);
    this.calmTimeoutMs = calmTimeoutMs(slowness);
    this.#group = group;
    this.#random = random;
    this.#violations = violations;
    this.#signal = signal;
  }

  start(servers: readonly FleetServer[]): void {
    const callers = Math.max(1, Math.round(CALLERS_PER_SERVER / this.slowness));
    for (const server of servers) {
      for (let caller = 0; caller < callers; caller++) {
        this.#callers.push(this.#callOnAndOn(server, this.#random.fork()));
      }
    }
  }

  /** Resolves when every call has settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  /** Calls a tool that ends its server. */
  async strike(server: FleetServer, tool: string): Promise<void> {
    await this.#ask(server, (question) => this.#callTool(tool, question), { timeoutMs: this.callTimeoutMs });
  }

  /** Asks once, and says whether the right answer came. */
  answers(server: FleetServer): Promise<boolean> {
    return this.#ask(server, (question) => this.#canary(question), { timeoutMs: this.callTimeoutMs });
  }

  async #callOnAndOn(server: FleetServer, random: Random): Promise<void> {
    while (!this.#stopped) {
      const startedAt = performance.now();
      const answered = await this.#ask(server, this.#pickQuestion(random), this.#pickOptions(server, random));
      if (server.calm && answered) {
        const { before, during } = this.calmLatencies;
        (this.faulty ? during : before).add(performance.now() - startedAt);
      }
      await sleep(random.between(20, 120));
    }
  }

  #pickQuestion(random: Random): (question: Question) => Promise<void> {
    const draw = random.next();
    if (draw < 0.5) return (question) => this.#canary(question);
    if (draw < 0.7) return (question) => this.#callTool('count', question);
    if (draw < 0.82) return (question) => this.#read(question);
    if (draw < 0.92) return (question) => this.#prompt(question);
    if (draw < 0.95) return (question) => this.#list(question);
    if (draw < 0.99) return ({ server, options }) => this.#group.ping({ ...options, server: server.name });
    return ({ server }) => this.#group.refresh({ server: server.name });
  }

  /** Calls of servers that may meet a fault are cut short now and then. */
  #pickOptions(server: FleetServer, random: Random): CallOptions {
    const draw = random.next();
    if (server.calm) return { timeoutMs: this.calmTimeoutMs, signal: this.#signal };
    if (draw < 0.8) return { timeoutMs: this.callTimeoutMs, signal: this.#signal };
    if (draw < 0.85) return { timeoutMs: random.between(5, 200) };
    if (draw < 0.9) return { timeoutMs: this.callTimeoutMs, maxTotalTimeoutMs: random.between(5, 500) };
    // A long time limit: its timer must go with the call, not fire some day.
    return { timeoutMs: 600_000, signal: AbortSignal.timeout(Math.ceil(random.between(1, 100))) };
  }

  /** Puts a question, and sees to it that it settles and how. */
  async #ask(
    server: FleetServer,
    put: (question: Question) => Promise<void>,
    options: CallOptions,
  ): Promise<boolean> {
    const id = `${server.name}#${++this.calls}`;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(
        () => resolve('late'),
        (server.calm ? this.calmTimeoutMs : this.callTimeoutMs) + MARGIN_MS * this.slowness,
      );
    });
    try {
      const settled = put({ server, id, options }).then(() => 'settled' as const);
      if ((await Promise.race([settled, late])) === 'settled') return true;
      this.#violations.add('every call settles', `${id} has not (${JSON.stringify(options)})`);
      settled.catch(() => {});
    } catch (error) {
      this.#judge(error, { server, id, options });
    } finally {
      clearTimeout(timer);
    }
    return false;
  }

  #judge(error: unknown, { server, id, options }: Question): void {
    const code = error instanceof PlenumError ? error.code : undefined;
    const own = options.signal !== this.#signal && options.signal !== undefined;
    const kind = code ?? 'none of ours';
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
    if (error instanceof PlenumError && error.maybeExecuted === false && this.outcomes.has(id)) {
      this.outcomes.set(id, 'never ran');
    }
    const described = error instanceof Error ? `${code ?? error.name}: ${error.message}` : String(error);
    this.lastErrors.set(server.name, described);
    if (server.calm) this.#violations.add('an untouched server sees no error', `${id}: ${described}`);
    else if (code === undefined || !EXPECTED_CODES.has(code) || (code === 'ABORTED' && !own)) {
      this.#violations.add('errors are what the faults explain', `${id}: ${described}`);
    }
  }

  async #callTool(tool: string, { server, id, options }: Question): Promise<void> {
    this.outcomes.set(id, 'unknown');
    await this.#group.callTool(`${server.name}__${tool}`, { id }, options);
    this.outcomes.set(id, 'answered');
  }

  async #canary({ server, id, options }: Question): Promise<void> {
    this.outcomes.set(id, 'unknown');
    const { structuredContent } = await this.#group.callTool(`${server.name}__canary`, { id }, options);
    this.outcomes.set(id, 'answered');
    const { server: from, arguments: asked } = structuredContent as {
      server?: unknown;
      arguments?: { id?: unknown };
    };
    this.#compare(id, asked?.id);
    this.#compare(server.name, from);
  }

  async #read({ server, id, options }: Question): Promise<void> {
    const uri = `chaos://${server.name}/item/${encodeURIComponent(id)}`;
    const { contents } = await this.#group.readResource(uri, options);
    this.#compare(uri, contents[0] && 'text' in contents[0] ? contents[0].text : undefined);
  }

  async #prompt({ server, id, options }: Question): Promise<void> {
    const { messages } = await this.#group.getPrompt(`${server.name}__greet`, { id }, options);
    const content = messages[0]?.content;
    this.#compare(
      JSON.stringify({ prompt: 'greet', arguments: { id } }),
      content?.type === 'text' ? content.text : content,
    );
  }

  async #list({ server, options }: Question): Promise<void> {
    const { tools } = await this.#group.session(server.name).listTools(options);
    const names = new Set(tools.map(({ name }) => name));
    if (!names.has('canary')) this.#compare('a list with "canary" in it', [...names]);
  }

  #compare(expected: string, found: unknown): void {
    if (found === expected) return;
    this.#violations.add(
      'every answer is the one to its own question',
      `${expected} was answered with ${JSON.stringify(found)}`,
    );
  }
}
