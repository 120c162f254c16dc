import { onTestFinished } from 'vitest';
import { openSession, type Session, type SessionTarget } from '../../../src/index.ts';
import type { SessionLease, SessionSource } from '../../../src/group/members/session-source.ts';

type AcquireOptions = Parameters<SessionSource['acquire']>[1];

/** Opens a session for each loan, or leases one that came back; what it did can be read. */
export class TinySource implements SessionSource {
  readonly acquired: { server: string; principal: string | undefined; timeoutMs: number | undefined }[] = [];
  readonly lent = new Set<Session>();
  readonly idle: Session[] = [];
  released = 0;
  discarded = 0;
  /** Comes before each loan. */
  before: (options: AcquireOptions) => Promise<unknown> = async () => {};
  readonly #targets: Readonly<Record<string, SessionTarget>>;

  constructor(targets: Readonly<Record<string, SessionTarget>>) {
    this.#targets = targets;
    onTestFinished(() => this.close());
  }

  async acquire(server: string, options: AcquireOptions = {}): Promise<SessionLease> {
    this.acquired.push({ server, principal: options.principal, timeoutMs: options.timeoutMs });
    await this.before(options);
    const target = this.#targets[server];
    if (target === undefined) throw new Error(`no ${server}`);
    const session = this.idle.pop() ?? (await openSession(target, { name: `pooled ${server}` }));
    this.lent.add(session);
    const giveBack = (): void => {
      if (!this.lent.delete(session)) throw new Error('given back twice');
    };
    return {
      session,
      release: async () => {
        giveBack();
        this.released++;
        this.idle.push(session);
      },
      discard: async () => {
        giveBack();
        this.discarded++;
        await session.destroy();
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.lent, ...this.idle].map((session) => session.destroy()));
  }
}
