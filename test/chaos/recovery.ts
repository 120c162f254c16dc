import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionGroup } from '../../src/index.ts';
import type { EventWatch } from './events.ts';
import { control } from './faults.ts';
import { BASE_TOOLS, type FleetServer } from './fleet.ts';
import type { Storm } from './storm.ts';
import type { Traffic } from './traffic.ts';
import type { Violations } from './violations.ts';

interface Scene {
  readonly group: SessionGroup;
  readonly servers: readonly FleetServer[];
  readonly violations: Violations;
  readonly storm: Storm;
}

/** Bounds the wait for a notification, with the time after which a broken stream is opened again. */
const SHOWS_WITHIN_MS = 60_000;

/** Where a call to an untouched server takes this long, a call that fails says something of the machine only. */
const BUSY_MS = 1_000;
const TRIES_WHILE_BUSY = 10;

/** Once faults have stopped, every server is ready in time, and answers. */
export async function awaitRecovery({
  group,
  servers,
  traffic,
  violations,
  storm,
  withinMs,
}: Scene & { traffic: Traffic; withinMs: number }): Promise<void> {
  const deadline = performance.now() + withinMs;
  const late = (): FleetServer[] => servers.filter(({ name }) => group.servers.get(name)?.state !== 'ready');
  // Not only all at one moment: what hangs is still to be found out.
  let calmSince = performance.now();
  while (performance.now() < deadline && performance.now() - calmSince < withinMs / 2) {
    if (late().length > 0) calmSince = performance.now();
    await sleep(20);
  }
  for (const { name } of late()) {
    const status = JSON.stringify(group.servers.get(name), (key, value: unknown) =>
      value instanceof Error ? value.message : key === 'capabilities' ? undefined : value,
    );
    violations.add('everything is ready after the faults', `${name}: ${status}; ${past(storm, name)}`);
  }
  for (const server of servers) {
    if (await answers(traffic, server)) continue;
    const { name } = server;
    violations.add(
      'everything answers after the faults',
      `${name}: ${traffic.lastErrors.get(name)}; ${past(storm, name)}`,
    );
  }
}

/** Asks a server, again if nobody could have answered in time. */
async function answers(traffic: Traffic, server: FleetServer): Promise<boolean> {
  const { during } = traffic.calmLatencies;
  for (let tries = 1; ; tries++) {
    const { count } = during;
    if (await traffic.answers(server)) return true;
    if (tries === TRIES_WHILE_BUSY || during.slowestAfter(count) < BUSY_MS) return false;
  }
}

/** Subscriptions of all kinds hold after whatever happened: an update arrives, and a changed list. */
export async function checkNotifications({
  group,
  servers,
  events,
  violations,
  storm,
}: Scene & { events: EventWatch }): Promise<void> {
  await Promise.all(
    servers
      .filter(({ notifies }) => notifies)
      .map(async (server) => {
        const { name, uri } = server;
        const before = events.updatesOf(name);
        const updated = await shows(async () => {
          await control({ group, server }, { command: 'resourceUpdated', uri });
          await sleep(100);
          return events.updatesOf(name) > before;
        });
        if (!updated) violations.add('subscriptions are restored', `${name}; ${past(storm, name)}`);
        const tools = [...BASE_TOOLS, { name: 'fresh' }];
        const listed = await shows(async () => {
          await control({ group, server }, { command: 'setTools', tools });
          await sleep(100);
          return group.tools.has(`${name}__fresh`);
        });
        if (!listed) violations.add('list changes are heard', `${name}; ${past(storm, name)}`);
      }),
  );
}

/** In the end, the catalog is what the servers list. */
export async function checkCatalog({ group, servers, violations, storm }: Scene): Promise<void> {
  await Promise.all(
    servers.map(async ({ name, notifies }) => {
      if (!notifies) await group.refresh({ server: name });
      let difference = '';
      const same = await shows(async () => {
        const { tools } = await group.session(name).listTools();
        difference = compareTools(group, name, new Set(tools.map((tool) => tool.name)));
        return difference === '';
      });
      if (!same)
        violations.add('the catalog is what servers list', `${name}: ${difference}; ${past(storm, name)}`);
    }),
  );
}

/** What is wrong with the tools that a group shows of a server; nothing, if nothing is. */
function compareTools(group: SessionGroup, name: string, listed: ReadonlySet<string>): string {
  const shown = [...group.tools.values()].filter(({ server }) => server === name);
  const errors = Object.entries(group.servers.get(name)?.listErrors ?? {});
  const [first] = errors.map(([kind, error]) => `${kind} failed: ${error.message}`);
  if (first !== undefined) return first;
  if (shown.length === listed.size && shown.every(({ upstreamName }) => listed.has(upstreamName))) return '';
  return `${shown.length} tools instead of ${listed.size}`;
}

async function shows(look: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + SHOWS_WITHIN_MS;
  while (performance.now() < deadline) {
    if (await look().catch(() => false)) return true;
    await sleep(50);
  }
  return false;
}

function past({ history }: Storm, name: string): string {
  return `before: ${history.get(name)?.join(', ') ?? 'nothing'}`;
}
