import { onTestFinished } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import {
  watchConfig,
  type Config,
  type ConfigWatch,
  type ConfigWatchEvent,
} from '../../../src/config/index.ts';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { eventually } from '../../support/eventually.ts';

type EventOf<T extends ConfigWatchEvent['type']> = Extract<ConfigWatchEvent, { type: T }>;

export interface Watching {
  readonly group: SessionGroup;
  readonly watch: ConfigWatch;
  readonly events: readonly ConfigWatchEvent[];
  /** Waits for the next event of this type that has not been waited for. */
  next<T extends ConfigWatchEvent['type']>(type: T): Promise<EventOf<T>>;
}

/** A group that is kept as a file says; all of it ends with the test. */
export async function watching(
  source: string | Config,
  group: SessionGroup = new SessionGroup({ reconnect: false }),
): Promise<Watching> {
  const events: ConfigWatchEvent[] = [];
  onTestFinished(() => group.destroy());
  const watch = await watchConfig(group, source, {
    intervalMs: 10,
    settleMs: 30,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => watch.close());
  let seen = 0;
  const next = <T extends ConfigWatchEvent['type']>(type: T): Promise<EventOf<T>> =>
    eventually(`an event "${type}"`, () => {
      for (; seen < events.length; seen++) {
        const event = events[seen];
        if (event?.type !== type) continue;
        seen++;
        return event as EventOf<T>;
      }
      return undefined;
    });
  return { group, watch, events, next };
}

/** A server of a file: a scripted one, with one tool that tells its process. */
export function scripted(script: ServerScript = {}): { command: string; args: string[] } {
  const { command, args } = stdioSpec({
    tools: [
      { name: 'whoami', does: { type: 'whoami' } },
      { name: 'slow', does: { type: 'slow', ms: 700 } },
      { name: 'hang', does: { type: 'hang' } },
    ],
    ...script,
  });
  return { command, args };
}

/** The process that answers for a server. */
export async function pidOf(group: SessionGroup, server: string): Promise<number> {
  const result = await group.callTool(`${server}__whoami`);
  const [block] = result.content;
  return (JSON.parse(block?.type === 'text' ? block.text : '{}') as { pid: number }).pid;
}
