import type { PlenumError } from '../../errors/plenum-error.ts';
import type { WatchedGroup } from '../../config/watch/apply-servers.ts';
import { onAbort } from '../../internal/limit.ts';
import { LONGEST_TIMER_MS } from '../../internal/timers.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { EXIT } from '../exit-codes.ts';
import { withOpenServers, type OpenServers } from '../servers/open-servers.ts';
import { eventText, type WatchedEvent } from '../views/event-text.ts';
import { findServers, type ServerSet } from '../servers/server-set.ts';

export const run: RunCommand = async (invocation) => {
  const set = await findServers(invocation);
  return withOpenServers(invocation, set, (opened) => watch(invocation, set, opened), { isWatched: true });
};

async function watch(invocation: Invocation, set: ServerSet, { group }: OpenServers): Promise<number> {
  const { terminal, interrupt } = invocation;
  const told = new Map<string, PlenumError>();
  const show = (event: WatchedEvent): void => {
    if (event.type === 'status') {
      const { server, status } = event;
      const { state, nextTryAt, error } = status;
      // The line on the failed attempt already showed when the next one begins.
      const isTrying = state === 'connecting' || state === 'reconnecting';
      const isOld = isTrying && error !== undefined && nextTryAt === undefined && told.get(server) === error;
      if (error === undefined) told.delete(server);
      else told.set(server, error);
      if (isOld && !terminal.json) return;
    }
    if (terminal.json) terminal.jsonLine({ time: new Date().toISOString(), ...event });
    else terminal.data(`${new Date().toTimeString().slice(0, 8)} ${eventText(event, invocation.inline)}`);
  };
  const events = group.events();
  const stopListening = onAbort(interrupt.signal, () => void events.return?.());
  for (const [server, status] of group.servers) show({ type: 'status', server, status });
  for (const [server, error] of set.broken) show({ type: 'problem', server, error });
  const following = await follow(invocation, set, group, show);
  // A server that has failed keeps nothing running, and the program is to go on until it is interrupted.
  const keepRunning = setInterval(() => {}, LONGEST_TIMER_MS);
  try {
    for await (const event of events) show(event);
  } finally {
    clearInterval(keepRunning);
    stopListening();
    await following?.close();
  }
  return EXIT.good;
}

/** Keeps the group in step with its configuration. With `--server`, the chosen names stay the same. */
async function follow(
  { options }: Invocation,
  { config, noteServer }: ServerSet,
  group: OpenServers['group'],
  show: (event: WatchedEvent) => void,
): Promise<{ close(): Promise<void> } | undefined> {
  if (config === undefined || options.server.length > 0) return undefined;
  const { watchConfig } = await import('../../config/watch/watch-config.ts');
  const watched: WatchedGroup = {
    get servers() {
      return group.servers;
    },
    add: (name, spec) => {
      noteServer?.(name, spec);
      return group.add(name, spec);
    },
    remove: (name) => group.remove(name),
  };
  return watchConfig(watched, config, {
    onEvent: (event) => {
      if (event.type === 'problem') show({ type: 'config-problem', error: event.error });
      else {
        const { added, changed, removed, failed } = event;
        show({ type: 'config-reloaded', added, changed, removed, failed: Object.fromEntries(failed) });
      }
    },
  });
}
