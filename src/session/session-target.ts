import type { Client, Transport } from '@modelcontextprotocol/client';
import { invalidOption, optionsInvalid, unusableServer } from '../errors/options.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import { isRecord } from '../internal/checks.ts';
import { didYouMean, nearest, printable } from '../internal/text.ts';
import { checkOptions, checkValue, withoutUndefined } from '../options/check-options.ts';
import { specTables } from '../options/tables/group.ts';
import { groupServerOptions, proxyUrl, serverUrl } from '../options/tables/server.ts';
import type { InProcessServer, ServerSpec, UrlServerSpec } from '../server-spec.ts';
import type { Session } from './session.ts';

/** A session that a source, such as a pool, has leased out. `release` or `discard` is called once, at the end. */
export interface SessionLease {
  readonly session: Session;
  /** Gives it back, to be leased to others. */
  release(): Promise<void>;
  /** Gives it back as not fit for others; the source closes it. */
  discard(reason?: unknown): Promise<void>;
}

/**
 * What a session can be opened on: a spec, a URL, an official server in this process, an official transport, or an
 * official client that is connected.
 */
export type SessionTarget = ServerSpec | string | URL | InProcessServer | Transport | Client;

/** The kind of a target, what is needed to connect, and the session's name if the options give none. */
export type ResolvedTarget =
  | { readonly type: 'spec'; readonly spec: ServerSpec; readonly name: string }
  /** A transport object serves one connection, so the session cannot reconnect. */
  | { readonly type: 'transport'; readonly spec: ServerSpec; readonly name: string }
  | { readonly type: 'client'; readonly client: Client; readonly name: string }
  | SourceTarget;

/** Each connection uses a session that is leased from a source, such as a pool. */
export interface SourceTarget {
  readonly type: 'source';
  readonly acquire: (signal: AbortSignal) => Promise<SessionLease>;
  readonly name: string;
}

/** Finds out what kind of target this is, and checks its spec. Opens nothing. Throws `CONFIG_INVALID`. */
export function resolveTarget(target: SessionTarget): ResolvedTarget {
  if (typeof target === 'string' || target instanceof URL) return resolveSpec({ url: target });
  if (isClient(target)) {
    if (target.transport === undefined) {
      throw unusableServer('The client is not connected. Connect it first, or give the server spec.');
    }
    return { type: 'client', client: target, name: target.getServerVersion()?.name ?? 'client' };
  }
  if (!isRecord(target)) {
    throw unusableServer(
      'A server is given as a spec object, a URL, an in-process server, a transport or a client.',
    );
  }
  if (isTransport(target)) {
    let taken = false;
    const transport = (): Transport => {
      if (taken)
        throw unusableServer(
          'A transport serves one connection. Give "transport" as a function to reconnect.',
        );
      taken = true;
      return target;
    };
    return { type: 'transport', spec: { transport }, name: 'transport' };
  }
  if (isForeignClient(target)) {
    throw unusableServer(
      'This is a client of @modelcontextprotocol/sdk 1.x; Plenum takes those of @modelcontextprotocol/client 2.x.',
    );
  }
  if (isInProcessServer(target)) return { type: 'spec', spec: { server: target }, name: 'in-process' };
  return resolveSpec(target);
}

const SHAPES = ['command', 'url', 'server', 'transport'] as const;

function resolveSpec(given: ServerSpec): ResolvedTarget {
  expectProgram(Reflect.get(given, 'command'));
  const shapes = SHAPES.filter((key) => Reflect.get(given, key) !== undefined);
  const [shape] = shapes;
  if (shape === undefined || shapes.length > 1) {
    const found = shape === undefined ? 'none of them' : shapes.map((key) => `"${key}"`).join(' and ');
    const meant = shape === undefined ? Object.keys(given).flatMap((key) => nearest(key, SHAPES)) : [];
    const hint = meant.length === 0 ? '' : didYouMean(meant);
    throw unusableServer(
      `A server spec has exactly one of "command", "url", "server" and "transport"; found ${found}.${hint}`,
    );
  }
  checkOptions(specTables[shape], given, 'A server spec');
  const spec = withoutUndefined(given);
  return { type: 'spec', spec, name: nameOf(spec) };
}

/**
 * Refuses options of a spec that only a group heeds: a filter that is passed over would offer what it denies. Throws
 * `CONFIG_INVALID`.
 */
export function refuseGroupOptions(
  { type, ...target }: ResolvedTarget,
  passedOver: readonly string[] = [],
): void {
  if (type !== 'spec' || !('spec' in target)) return;
  const given = Object.keys(groupServerOptions).find(
    (name) => Reflect.get(target.spec, name) !== undefined && !passedOver.includes(name),
  );
  if (given === undefined) return;
  const isOfGateway = given === 'isolation' || given === 'upstreamAuth';
  throw invalidOption(given, `is for the servers of a ${isOfGateway ? 'gateway' : 'SessionGroup'}`);
}

/** Says what to write in place of a whole command line as a list. */
function expectProgram(command: unknown): void {
  if (!Array.isArray(command)) return;
  const [program, ...args]: unknown[] = command;
  const shown = typeof program === 'string' && program !== '' ? `"${printable(program, 80)}"` : 'the program';
  // The arguments are not shown, as they may be secrets.
  const rest = args.length === 0 ? '' : ` and the other ${args.length} as a list in "args"`;
  throw optionsInvalid(
    `Option "command" must be the program alone, not an array: write ${shown} as "command"${rest}.`,
    'command',
  );
}

/** The session's name if the options give none. */
function nameOf(spec: ServerSpec): string {
  if ('command' in spec) return spec.command.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '') || 'server';
  if ('url' in spec) return checkUrl(spec).host;
  return 'server' in spec ? 'in-process' : 'custom';
}

/** Checks which options of a URL spec can be combined. */
function checkUrl(spec: UrlServerSpec): URL {
  const url = new URL(spec.url);
  const { type, fetch, proxy, tls } = spec;
  // The table accepts any URL object; only of strings does it check the scheme.
  checkValue('url', serverUrl, url.href);
  if (proxy !== undefined) checkValue('proxy', proxyUrl, String(proxy));
  const websocket = url.protocol === 'ws:' || url.protocol === 'wss:';
  if (type !== undefined && (type === 'websocket') !== websocket)
    throw invalid(`Option "type" is "${type}", which does not go with a "${url.protocol}" URL.`);
  if (fetch !== undefined && proxy !== undefined)
    throw invalid('Option "proxy" does not go with "fetch", which sends by itself.');
  if (fetch !== undefined && tls !== undefined)
    throw invalid('Option "tls" does not go with "fetch", which connects by itself.');
  for (const key of ['auth', 'fetch', 'proxy'] as const) {
    if (!websocket || spec[key] === undefined) continue;
    const advice = key === 'auth' ? ' Give credentials in "headers".' : '';
    throw invalid(`Option "${key}" is not for WebSocket.${advice}`);
  }
  return url;
}

function invalid(message: string): PlenumError {
  return unusableServer(message);
}

function isInProcessServer(value: unknown): value is InProcessServer {
  return isObject(value) && typeof value['connect'] === 'function' && typeof value['close'] === 'function';
}

/** Not by `instanceof`: a program may have loaded the official package twice. */
function isClient(value: unknown): value is Client {
  return (
    isObject(value) && ['callTool', 'getProtocolEra'].every((method) => typeof value[method] === 'function')
  );
}

function isForeignClient(value: object): boolean {
  return 'callTool' in value && 'connect' in value;
}

function isTransport(value: unknown): value is Transport {
  return isObject(value) && ['start', 'send', 'close'].every((method) => typeof value[method] === 'function');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
