import type { ClientCapabilities, Implementation } from '@modelcontextprotocol/client';
import { PlenumError } from '../errors/plenum-error.ts';
import {
  checkCount,
  checkDuration,
  checkFunction,
  checkOneOf,
  checkText,
  isRecord,
} from '../internal/checks.ts';
import type { HealthOptions, ProtocolChoice, ReconnectOptions, ServerSpecOptions } from '../server-spec.ts';
import type { Handlers } from './handlers.ts';

export interface SessionOptions extends ServerSpecOptions, Handlers {
  /**
   * What the server is called in errors and events.
   * @default derived from the spec
   */
  name?: string;
  /** How this program introduces itself to servers. */
  clientInfo?: Implementation;
  /**
   * Capabilities declared beside those that follow from the handlers, such as `{ sampling: { tools: {} } }`. One
   * without its handler is `CONFIG_INVALID`.
   */
  capabilities?: ClientCapabilities;
  /**
   * How many calls may wait for a connection; the next one is `NOT_CONNECTED` at once.
   * @default 1000
   */
  maxWaitingCalls?: number;
  /**
   * 2026-07-28: how many `input_required` rounds one call may take.
   * @default 10
   */
  maxInputRounds?: number;
  /**
   * How many pages one list may have.
   * @default 1000
   */
  maxPages?: number;
}

/** {@link SessionOptions} with every default filled in. */
export interface ResolvedSessionOptions {
  readonly clientInfo: Implementation;
  readonly capabilities: ClientCapabilities;
  readonly handlers: Handlers;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly protocol: ProtocolChoice;
  readonly reconnect: false | Required<ReconnectOptions>;
  readonly health: false | Required<HealthOptions>;
  readonly maxWaitingCalls: number;
  readonly maxInputRounds: number;
  readonly maxPages: number;
}

const CLIENT_INFO: Implementation = { name: 'mcp-plenum', version: '0.0.0' };

/**
 * Checks options and fills in the defaults. Where several are given, the first that has a field wins, so pass
 * the most particular first. Throws `CONFIG_INVALID`.
 */
export function resolveSessionOptions(...layers: readonly SessionOptions[]): ResolvedSessionOptions {
  for (const layer of layers) checkSessionOptions(layer);
  const pick = <K extends keyof SessionOptions>(key: K): SessionOptions[K] | undefined =>
    layers.find((layer) => layer[key] !== undefined)?.[key];

  const handlers = definedOnly({
    onSampling: pick('onSampling'),
    onElicitation: pick('onElicitation'),
    onRoots: pick('onRoots'),
    onLog: pick('onLog'),
    onNotification: pick('onNotification'),
  });
  return {
    clientInfo: pick('clientInfo') ?? CLIENT_INFO,
    capabilities: declaredCapabilities(handlers, pick('capabilities') ?? {}),
    handlers,
    timeoutMs: pick('timeoutMs') ?? 60_000,
    connectTimeoutMs: pick('connectTimeoutMs') ?? 30_000,
    protocol: pick('protocol') ?? 'auto',
    reconnect: resolveSwitch(
      layers.map((layer) => layer.reconnect),
      true,
      RECONNECT_DEFAULTS,
    ),
    health: resolveSwitch(
      layers.map((layer) => layer.health),
      false,
      HEALTH_DEFAULTS,
    ),
    maxWaitingCalls: pick('maxWaitingCalls') ?? 1_000,
    maxInputRounds: pick('maxInputRounds') ?? 10,
    maxPages: pick('maxPages') ?? 1_000,
  };
}

function checkSessionOptions(options: SessionOptions): void {
  const given: unknown = options;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Session options must be an object.');
  if (options.name !== undefined) checkText('name', options.name);
  checkClientInfo(options.clientInfo);
  checkDuration('timeoutMs', options.timeoutMs);
  checkDuration('connectTimeoutMs', options.connectTimeoutMs);
  checkOneOf('protocol', options.protocol, ['auto', 'legacy', '2026-07-28']);
  checkCount('maxWaitingCalls', options.maxWaitingCalls, 0);
  checkCount('maxInputRounds', options.maxInputRounds, 1);
  checkCount('maxPages', options.maxPages, 1);
  for (const key of ['onSampling', 'onElicitation', 'onRoots', 'onLog', 'onNotification'] as const) {
    checkFunction(key, options[key]);
  }
  const reconnect = switchDetails<ReconnectOptions>('reconnect', options.reconnect);
  checkDuration('reconnect.initialDelayMs', reconnect.initialDelayMs);
  checkDuration('reconnect.maxDelayMs', reconnect.maxDelayMs);
  checkDuration('reconnect.resetAfterMs', reconnect.resetAfterMs);
  checkCount('reconnect.maxAttempts', reconnect.maxAttempts, 1);
  const health = switchDetails<HealthOptions>('health', options.health);
  checkCount('health.intervalMs', health.intervalMs, 1);
  checkDuration('health.timeoutMs', health.timeoutMs);
  checkCount('health.failures', health.failures, 1);
}

function checkClientInfo(clientInfo: unknown): void {
  if (clientInfo === undefined) return;
  if (!isRecord(clientInfo)) {
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "clientInfo" must be an object with "name" and "version".',
    );
  }
  checkText('clientInfo.name', clientInfo['name']);
  checkText('clientInfo.version', clientInfo['version']);
}

function switchDetails<T extends object>(field: string, value: boolean | T | undefined): Partial<T> {
  if (value === undefined || typeof value === 'boolean') return {};
  if (isRecord(value)) return value;
  throw new PlenumError('CONFIG_INVALID', `Option "${field}" must be true, false or an object.`);
}

const RECONNECT_DEFAULTS: Required<ReconnectOptions> = {
  initialDelayMs: 250,
  maxDelayMs: 30_000,
  maxAttempts: Infinity,
  resetAfterMs: 60_000,
};

const HEALTH_DEFAULTS: Required<HealthOptions> = { intervalMs: 30_000, timeoutMs: 5_000, failures: 2 };

/** An option that is off, on, or on with details; details of all layers add up. */
function resolveSwitch<T extends object>(
  layers: readonly (boolean | Partial<T> | undefined)[],
  byDefault: boolean,
  defaults: T,
): false | T {
  const given = layers.filter((layer) => layer !== undefined);
  if ((given[0] ?? byDefault) === false) return false;
  const details = given.filter((layer) => typeof layer === 'object').toReversed();
  return Object.assign({ ...defaults }, ...details);
}

/** Row S1: what is declared follows from the handlers that are given. */
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
      throw new PlenumError(
        'CONFIG_INVALID',
        `Capability "${capability}" is declared but there is no handler to serve it. Give "${option}", or leave it out.`,
      );
    }
  }
  return declared;
}

function definedOnly(handlers: { [K in keyof Handlers]: Handlers[K] | undefined }): Handlers {
  const entries = Object.entries(handlers).filter(([, handler]) => handler !== undefined);
  return Object.fromEntries(entries);
}
