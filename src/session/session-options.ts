import type { ClientCapabilities, Implementation } from '@modelcontextprotocol/client';
import { handlerMissing } from '../errors/options.ts';
import type { EventBacklog } from '../internal/event-hub.ts';
import { withDefaults, withoutUndefined } from '../options/check-options.ts';
import { defaultsOf } from '../options/kinds.ts';
import { healthOptions, reconnectOptions } from '../options/tables/server.ts';
import {
  eventBacklogOptions,
  serverRequestOptions,
  sharedSessionOptions,
} from '../options/tables/session.ts';
import type { HealthOptions, ProtocolChoice, ReconnectOptions, ServerSpecOptions } from '../server-spec.ts';
import type { ServerRequestOptions } from './handlers/handler-places.ts';
import type { Handlers } from './handlers/handlers.ts';
import type { DefinitionLock } from './lock/definition-lock.ts';

export interface SessionOptions extends ServerSpecOptions, Handlers {
  /**
   * What the server is called in errors and events.
   * @default derived from the spec
   */
  name?: string;
  /**
   * The name and version of this program, which servers are told.
   * @default { name: 'mcp-plenum', version: '0.0.0' }
   */
  clientInfo?: Implementation;
  /**
   * Client capabilities to declare in addition to those that follow from the handlers, such as
   * `{ sampling: { tools: {} } }`. `CONFIG_INVALID` for one that needs a handler which is not given.
   * @default {}
   */
  capabilities?: ClientCapabilities;
  /**
   * How many calls may wait for a connection at a time; a further one rejects with `NOT_CONNECTED` at once.
   * @default 1000
   */
  maxWaitingCalls?: number;
  /**
   * 2026-07-28: how many `input_required` rounds one call may take; after them it rejects with `INVALID_RESULT`.
   * @default 10
   */
  maxInputRounds?: number;
  /**
   * How many pages one list may have, or `Infinity`; a longer list rejects with `INVALID_RESULT`.
   * @default 1000
   */
  maxPages?: number;
  /**
   * How many requests of one kind the server may have open, such as for sampling: a further one is answered with an error.
   * @default { concurrency: 10, maxWaiting: 100 }
   */
  serverRequests?: ServerRequestOptions;
  /**
   * What was approved of servers, such as `fileLock(path)` of `mcp-plenum/trust`: a server that is reached in another way is
   * not started, and what it offers beyond or other than that can be neither listed nor used (`DEFINITION_DRIFT`).
   */
  lock?: DefinitionLock;
  /**
   * How far a reader of `events()` may fall behind before it loses the oldest events.
   * @default { maxEvents: 10000, maxBytes: 67108864 }
   */
  eventBacklog?: EventBacklog;
}

/** {@link SessionOptions} with every default filled in. */
export interface ResolvedSessionOptions {
  readonly clientInfo: Implementation;
  readonly capabilities: ClientCapabilities;
  readonly handlers: Handlers;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly protocol: ProtocolChoice;
  readonly checks: 'lenient' | 'strict';
  readonly reconnect: false | Required<ReconnectOptions>;
  readonly health: false | Required<HealthOptions>;
  readonly maxWaitingCalls: number;
  readonly maxInputRounds: number;
  readonly maxPages: number;
  readonly serverRequests: Required<ServerRequestOptions>;
  readonly eventBacklog: Required<EventBacklog>;
  readonly lock: DefinitionLock | undefined;
}

const CLIENT_INFO: Implementation = { name: 'mcp-plenum', version: '0.0.0' };

const DEFAULTS = defaultsOf(sharedSessionOptions);

/**
 * Merges options that have been checked, and fills in the defaults. Of several values of one field the first wins, so
 * pass the options of the server before those of the group. Throws `CONFIG_INVALID` for a capability without its handler.
 */
export function resolveSessionOptions(...layers: readonly SessionOptions[]): ResolvedSessionOptions {
  const pick = <K extends keyof SessionOptions>(key: K): SessionOptions[K] | undefined =>
    layers.find((layer) => layer[key] !== undefined)?.[key];

  const handlers = definedOnly({
    onSampling: pick('onSampling'),
    onElicitation: pick('onElicitation'),
    onRoots: pick('onRoots'),
    onLog: pick('onLog'),
    onNotification: pick('onNotification'),
    onMessage: pick('onMessage'),
  });
  return {
    clientInfo: pick('clientInfo') ?? CLIENT_INFO,
    capabilities: declaredCapabilities(handlers, pick('capabilities') ?? {}),
    handlers,
    timeoutMs: pick('timeoutMs') ?? DEFAULTS.timeoutMs,
    connectTimeoutMs: pick('connectTimeoutMs') ?? DEFAULTS.connectTimeoutMs,
    protocol: pick('protocol') ?? DEFAULTS.protocol,
    checks: pick('checks') ?? DEFAULTS.checks,
    reconnect: resolveSwitch(
      layers.map((layer) => layer.reconnect),
      true,
      defaultsOf(reconnectOptions),
    ),
    health: resolveSwitch(
      layers.map((layer) => layer.health),
      DEFAULTS.health,
      defaultsOf(healthOptions),
    ),
    maxWaitingCalls: pick('maxWaitingCalls') ?? DEFAULTS.maxWaitingCalls,
    maxInputRounds: pick('maxInputRounds') ?? DEFAULTS.maxInputRounds,
    maxPages: pick('maxPages') ?? DEFAULTS.maxPages,
    serverRequests: withDefaults(defaultsOf(serverRequestOptions), pick('serverRequests')),
    eventBacklog: resolveBacklog(pick('eventBacklog')),
    lock: pick('lock'),
  };
}

export function resolveBacklog(given: EventBacklog | undefined): Required<EventBacklog> {
  return withDefaults(defaultsOf(eventBacklogOptions), given);
}

/** An option that is off, on, or an object of options. The first layer decides whether it is on; objects are merged. */
function resolveSwitch<T extends object>(
  layers: readonly (boolean | Partial<T> | undefined)[],
  byDefault: boolean,
  defaults: T,
): false | T {
  const given = layers.filter((layer) => layer !== undefined);
  if ((given[0] ?? byDefault) === false) return false;
  const details = given.filter((layer) => typeof layer === 'object').toReversed();
  return Object.assign({ ...defaults }, ...details.map(withoutUndefined));
}

/** The capabilities that the handlers stand for, and the extra ones. */
function declaredCapabilities(handlers: Handlers, extra: ClientCapabilities): ClientCapabilities {
  const declared: ClientCapabilities = { ...extra };
  const needs = [
    ['sampling', handlers.onSampling, {}],
    ['elicitation', handlers.onElicitation, { form: {}, url: {} }],
    ['roots', handlers.onRoots, { listChanged: true }],
  ] as const;
  for (const [capability, handler, byDefault] of needs) {
    if (handler !== undefined) Object.assign(declared, { [capability]: extra[capability] ?? byDefault });
    else if (extra[capability] !== undefined) {
      const option = `on${capability[0]?.toUpperCase()}${capability.slice(1)}`;
      throw handlerMissing(capability, option);
    }
  }
  return declared;
}

function definedOnly(handlers: { [K in keyof Handlers]: Handlers[K] | undefined }): Handlers {
  const entries = Object.entries(handlers).filter(([, handler]) => handler !== undefined);
  return Object.fromEntries(entries);
}
