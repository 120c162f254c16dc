import { notASpec, optionConflict } from '../../errors/options.ts';
import { isRecord } from '../../internal/checks.ts';
import { checkOptions, withoutUndefined } from '../../options/check-options.ts';
import { sourcedSpec } from '../../options/tables/group.ts';
import type { ServerSpec } from '../../server-spec.ts';
import type { DefinitionLock } from '../../session/lock/definition-lock.ts';
import { resolveSessionOptions, type SessionOptions } from '../../session/session-options.ts';
import { resolveTarget } from '../../session/session-target.ts';
import type { ConnectGate } from '../../session/connection/gate.ts';
import { SupervisedSession } from '../../session/supervised-session.ts';
import { fingerprintOf } from '../cache/fingerprint.ts';
import type { GroupOptions, GroupServerSpec } from '../group-options.ts';
import type { MemberPlan } from './member.ts';
import { resolveServerOptions } from '../server-options.ts';
import type { SourcedServer } from './session-source.ts';

/** A server of a group, checked and ready to start. */
export interface ServerPlan extends MemberPlan {
  readonly own: SupervisedSession;
}

/** Options that a source decides, because it makes the connections. */
const OF_THE_SOURCE = [
  'command',
  'url',
  'transport',
  'protocol',
  'checks',
  'clientInfo',
  'capabilities',
  'onSampling',
  'onElicitation',
  'onRoots',
  'onLog',
  'onNotification',
  'onMessage',
  'serverRequests',
];

/**
 * Makes the session of a server that the group is to open, from its own options, those of `add` and the group's. Throws
 * `CONFIG_INVALID`; opens nothing.
 */
export function planServer(
  name: string,
  asGiven: GroupServerSpec,
  adding: Omit<SessionOptions, 'name'>,
  group: GroupOptions,
  gates: (spec: ServerSpec) => ConnectGate,
): ServerPlan {
  const given = withoutUndefined(asGiven);
  const { session, capabilities, listTimeoutMs, lock } = isSourced(given)
    ? planSourced(name, given, adding, group)
    : planOpened(name, given, adding, group, gates);
  const { idleMs, opensToList, exposure } = resolveServerOptions(given, group.naming ?? 'prefixed');
  const lazy =
    idleMs === undefined
      ? undefined
      : { idleMs, opensToList, fingerprint: fingerprintOf(name, given, capabilities) };
  return { own: session, adopted: false, exposure, lazy, listTimeoutMs, lock };
}

interface Planned {
  readonly session: SupervisedSession;
  readonly capabilities: object;
  readonly listTimeoutMs: number;
  readonly lock: DefinitionLock | undefined;
}

function planOpened(
  name: string,
  given: Exclude<GroupServerSpec, SourcedServer>,
  adding: Omit<SessionOptions, 'name'>,
  group: GroupOptions,
  gates: (spec: ServerSpec) => ConnectGate,
): Planned {
  const target = resolveTarget(given);
  if (target.type !== 'spec') throw notASpec();
  const options = resolveSessionOptions(adding, target.spec, group);
  return {
    session: new SupervisedSession(name, target, options, gates(target.spec)),
    capabilities: options.capabilities,
    listTimeoutMs: Math.min(options.timeoutMs, options.connectTimeoutMs),
    lock: options.lock,
  };
}

function planSourced(
  name: string,
  given: SourcedServer,
  adding: Omit<SessionOptions, 'name'>,
  group: GroupOptions,
): Planned {
  checkSourced(given);
  const { source, server = name, principal } = given;
  const options = resolveSessionOptions(adding, sessionOptionsOf(given), group);
  const bounds = { timeoutMs: options.connectTimeoutMs, ...(principal !== undefined && { principal }) };
  const acquire = (signal: AbortSignal) => source.acquire(server, { ...bounds, signal });
  return {
    session: new SupervisedSession(name, { type: 'source', acquire, name }, options),
    capabilities: {},
    listTimeoutMs: Math.min(options.timeoutMs, options.connectTimeoutMs),
    lock: options.lock,
  };
}

function sessionOptionsOf(given: SourcedServer): SessionOptions {
  const { timeoutMs, connectTimeoutMs, reconnect, health, maxWaitingCalls } = given;
  const all = { timeoutMs, connectTimeoutMs, reconnect, health, maxWaitingCalls };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function isSourced(given: GroupServerSpec): given is SourcedServer {
  return isRecord(given) && given['source'] !== undefined;
}

function checkSourced(given: SourcedServer): void {
  const misplaced = OF_THE_SOURCE.find((key) => Reflect.get(given, key) !== undefined);
  if (misplaced !== undefined)
    throw optionConflict(misplaced, 'source', 'which makes the sessions: give it to the source');
  checkOptions(sourcedSpec, given, 'A server of a source');
}
