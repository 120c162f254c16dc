import { setTimeout as sleep } from 'node:timers/promises';
import {
  PlenumError,
  type PlenumErrorCode,
  type RunOptions,
  type Session,
  type SessionManager,
} from '../../../src/index.ts';
import type { WhoAmI } from '../../../src/testing/index.ts';
import type { Random } from '../../support/random.ts';
import type { Outcome } from '../traffic.ts';
import type { Violations } from '../violations.ts';
import type { UserServer } from './user-fleet.ts';

/** Nothing that a user does may take longer: waiting, three attempts and their pauses. */
const PATIENCE_MS = 40_000;

/** What work that meets a fault, or a crowd, may fail with. */
const EXPECTED_CODES: ReadonlySet<PlenumErrorCode> = new Set([
  'ABORTED',
  'CIRCUIT_OPEN',
  'CONNECTION_LOST',
  'CONNECT_FAILED',
  'NOT_CONNECTED',
  'POOL_EXHAUSTED',
  'SESSION_CLOSED',
  'SESSION_EXPIRED',
  'TIMEOUT',
]);

type Way = (user: string, server: UserServer, id: string) => Promise<void>;

/** Users that never rest, each of some tenant, and must never meet another tenant's session. */
export class Users {
  /** Of calls that must not run twice, by id. */
  readonly outcomes = new Map<string, Outcome>();
  readonly errors = new Map<string, number>();
  done = 0;
  failed = 0;
  readonly #manager: SessionManager;
  readonly #random: Random;
  readonly #violations: Violations;
  readonly #signal: AbortSignal;
  readonly #slowness: number;
  readonly #working: Promise<void>[] = [];
  #stopped = false;
  #asked = 0;

  /** @param slowness How many times slower than a quiet one this machine is. */
  constructor(
    manager: SessionManager,
    random: Random,
    violations: Violations,
    signal: AbortSignal,
    slowness: number,
  ) {
    this.#slowness = slowness;
    this.#manager = manager;
    this.#random = random;
    this.#violations = violations;
    this.#signal = signal;
  }

  start(users: number, tenants: readonly string[], servers: readonly UserServer[]): void {
    for (let user = 0; user < users; user++) {
      const tenant = tenants[user % tenants.length] ?? '';
      this.#working.push(this.#workOnAndOn(tenant, servers, this.#random.fork()));
    }
  }

  /** Resolves when everything that users began has settled. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#working);
  }

  /** Whether a tenant gets the right answer from a server now. */
  async isServed(tenant: string, server: UserServer): Promise<boolean> {
    const id = `${server.name}#${++this.#asked}`;
    return this.#settles(tenant, server, id, (...given) => this.#askWhoAmI(...given));
  }

  /** Calls a tool that ends its server, or never answers. */
  async strike(tenant: string, server: UserServer, tool: string): Promise<void> {
    const options = { principal: tenant, retry: false as const };
    await this.#manager.run(server.name, (session) => session.callTool(tool), options).catch(() => {});
  }

  async #workOnAndOn(tenant: string, servers: readonly UserServer[], random: Random): Promise<void> {
    while (!this.#stopped) {
      const server = random.pick(servers);
      const id = `${server.name}#${++this.#asked}`;
      if (await this.#settles(tenant, server, id, this.#pickWay(random))) this.done++;
      else this.failed++;
      await sleep(random.between(5, 60));
    }
  }

  #pickWay(random: Random): Way {
    const draw = random.next();
    if (draw < 0.35) return (...given) => this.#askWhoAmI(...given);
    if (draw < 0.5) return (...given) => this.#askOnLease(random, ...given);
    if (draw < 0.7) return (...given) => this.#count({}, ...given);
    if (draw < 0.8) return (...given) => this.#count({ timeoutMs: random.between(5, 300) }, ...given);
    if (draw < 0.9) {
      return (...given) => {
        const signal = AbortSignal.timeout(Math.ceil(random.between(1, 200)));
        return this.#count({ signal, attemptTimeoutMs: 60_000 }, ...given);
      };
    }
    if (draw < 0.97) return (...given) => this.#askTwice(...given);
    return (...given) => this.#askFresh(...given);
  }

  async #settles(tenant: string, server: UserServer, id: string, way: Way): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS * this.#slowness);
    });
    try {
      const settled = way(tenant, server, id).then(() => 'settled' as const);
      if ((await Promise.race([settled, late])) === 'settled') return true;
      this.#violations.add('everything settles', id);
      settled.catch(() => {});
    } catch (error) {
      this.#judge(error, id);
    } finally {
      clearTimeout(timer);
    }
    return false;
  }

  #judge(error: unknown, id: string): void {
    const code = error instanceof PlenumError ? error.code : undefined;
    const kind = code ?? 'none of ours';
    this.errors.set(kind, (this.errors.get(kind) ?? 0) + 1);
    if (error instanceof PlenumError && error.maybeExecuted === false && this.outcomes.has(id)) {
      this.outcomes.set(id, 'never ran');
    }
    if (code !== undefined && EXPECTED_CODES.has(code)) return;
    const described = error instanceof Error ? `${kind}: ${error.message}` : String(error);
    this.#violations.add('errors are what the faults explain', `${id}: ${described}`);
  }

  async #askWhoAmI(tenant: string, server: UserServer, id: string): Promise<void> {
    const options = { principal: tenant, signal: this.#signal };
    await this.#manager.run(
      server.name,
      async (session) => {
        await this.#checkTenant(session, tenant, server, id);
        await this.#checkAnswer(session, id);
      },
      options,
    );
  }

  async #askOnLease(random: Random, tenant: string, server: UserServer, id: string): Promise<void> {
    const lease = await this.#manager.acquire(server.name, { principal: tenant, signal: this.#signal });
    try {
      await Promise.all([
        this.#checkTenant(lease.session, tenant, server, id),
        this.#checkAnswer(lease.session, id),
      ]);
    } finally {
      if (random.chance(0.1)) await lease.discard('a test');
      else await lease.release();
    }
    const used = await lease.session.ping().then(
      () => 'answered',
      (error: unknown) => (error instanceof PlenumError ? error.code : 'none of ours'),
    );
    if (used !== 'SESSION_CLOSED')
      this.#violations.add('a lease that has ended is of no use', `${id}: ${used}`);
  }

  /** A tool without annotations: whatever happens, it must not run twice for one id. */
  async #count(options: RunOptions, tenant: string, server: UserServer, id: string): Promise<void> {
    this.outcomes.set(id, 'unknown');
    await this.#manager.run(server.name, (session) => session.callTool('count', { id }), {
      principal: tenant,
      ...options,
    });
    this.outcomes.set(id, 'answered');
  }

  /** The first of two calls may have run when the second fails. */
  async #askTwice(tenant: string, server: UserServer, id: string): Promise<void> {
    const options = { principal: tenant, signal: this.#signal };
    await this.#manager.run(
      server.name,
      async (session) => {
        await session.callTool('count', { id });
        await this.#checkAnswer(session, id);
      },
      options,
    );
  }

  async #askFresh(tenant: string, server: UserServer, id: string): Promise<void> {
    const options = { principal: tenant, signal: this.#signal, reconnect: false } as const;
    const session = await this.#manager.openSession(server.name, options);
    try {
      await this.#checkTenant(session, tenant, server, id);
    } finally {
      await session.close();
    }
  }

  async #checkTenant(session: Session, tenant: string, server: UserServer, id: string): Promise<void> {
    const { content } = await session.callTool('whoami');
    const [block] = content;
    const who = JSON.parse(block?.type === 'text' ? block.text : '{}') as Partial<WhoAmI>;
    const served = {
      stdio: who.env?.['PRINCIPAL'],
      http: who.headers?.['x-principal'],
      'in-process': who.name,
    };
    this.#compare('no session serves two tenants', `${id} of ${tenant}`, tenant, served[server.place]);
  }

  async #checkAnswer(session: Session, id: string): Promise<void> {
    const { structuredContent } = await session.callTool('canary', { id });
    const { arguments: asked } = structuredContent as { arguments?: { id?: unknown } };
    this.#compare('every answer is the one to its own question', id, id, asked?.id);
  }

  #compare(invariant: string, about: string, expected: string, found: unknown): void {
    if (found !== expected) this.#violations.add(invariant, `${about}: found ${JSON.stringify(found)}`);
  }
}
