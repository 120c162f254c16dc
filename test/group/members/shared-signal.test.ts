import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { http, local, tools } from '../../support/servers.ts';

const COUNT = 20;

/** The names of the warnings of the process, from now on. */
function warningsFromNow(): string[] {
  const names: string[] = [];
  const note = (warning: Error): void => void names.push(`${warning.name}: ${warning.message}`);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  return names;
}

function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

/** Twenty servers that take a moment to come up, so that all are on their way at once. */
function slowServers(): [string, ReturnType<typeof local>][] {
  return Array.from({ length: COUNT }, (_, index) => [
    `server${index}`,
    local({ startDelayMs: 100, tools: tools('echo') }),
  ]);
}

describe('C5 many servers with one signal', () => {
  it('20 add() share one listener, print no warning and leave none', async () => {
    const warnings = warningsFromNow();
    const { signal } = new AbortController();
    const group = newGroup();
    const adding = slowServers().map(([name, server]) => group.add(name, { server }, { signal }));
    expect(listenersOf(signal)).toBe(1);
    await Promise.all(adding);
    await nextTurn();
    expect(group.tools.size).toBe(COUNT);
    expect(warnings).toEqual([]);
    expect(listenersOf(signal)).toBe(0);
  });

  it('20 add() all end with the signal', async () => {
    const warnings = warningsFromNow();
    const controller = new AbortController();
    const group = newGroup();
    const failures = slowServers().map(([name, server]) =>
      failureOf(group.add(name, { server }, { signal: controller.signal })),
    );
    controller.abort(new Error('enough'));
    for (const error of await Promise.all(failures)) expect(error).toMatchObject({ code: 'ABORTED' });
    expect(group.servers.size).toBe(0);
    expect(warnings).toEqual([]);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  it('20 servers that connect together', async () => {
    const warnings = warningsFromNow();
    const { signal } = new AbortController();
    const scripted = await http({ tools: tools('echo') });
    const servers = Object.fromEntries(
      Array.from({ length: COUNT }, (_, index) => [`web${index}`, { url: scripted.url }]),
    );
    const local20 = Object.fromEntries(slowServers().map(([name, server]) => [name, { server }]));
    const group = await connectGroup({ servers: { ...servers, ...local20 }, signal });
    const calls = [...group.tools.keys()].map((name) => group.callTool(name, {}, { signal }));
    expect(listenersOf(signal)).toBe(1);
    await Promise.all(calls);
    await nextTurn();
    expect(calls).toHaveLength(2 * COUNT);
    expect(warnings).toEqual([]);
    expect(listenersOf(signal)).toBe(0);
  });

  it('20 servers whose connecting is given up', async () => {
    const warnings = warningsFromNow();
    const controller = new AbortController();
    const servers = Object.fromEntries(slowServers().map(([name, server]) => [name, { server }]));
    const connecting = failureOf(SessionGroup.connect({ servers, signal: controller.signal }));
    await nextTurn();
    controller.abort();
    expect(await connecting).toMatchObject({ code: 'ABORTED' });
    expect(warnings).toEqual([]);
    expect(listenersOf(controller.signal)).toBe(0);
  });
});
