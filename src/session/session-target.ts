import type { Client, Transport } from '@modelcontextprotocol/client';
import { PlenumError } from '../errors/plenum-error.ts';
import {
  checkBoolean,
  checkCount,
  checkDuration,
  checkFunction,
  checkOneOf,
  checkText,
  checkTextArray,
  checkTextRecord,
  isRecord,
} from '../internal/checks.ts';
import type {
  InProcessServer,
  InProcessServerSpec,
  ServerSpec,
  StdioServerSpec,
  UrlServerSpec,
} from '../server-spec.ts';
import type { Session } from './session.ts';

/** A session on loan. One of `release` and `discard` is called, once, when it is not needed any more. */
export interface LentSession {
  readonly session: Session;
  /** Gives it back, to be lent to others. */
  release(): Promise<void>;
  /** Gives it back as unfit for others; its source ends it. */
  discard(reason?: unknown): Promise<void>;
}

/** Anything that a session can be opened on (row S14). */
export type SessionTarget = ServerSpec | string | URL | InProcessServer | Transport | Client;

/** A target sorted out: how to connect, and what to call it when nobody says. */
export type ResolvedTarget =
  | { readonly type: 'spec'; readonly spec: ServerSpec; readonly name: string }
  /** A transport serves one connection: there is nothing to reconnect with. */
  | { readonly type: 'transport'; readonly spec: ServerSpec; readonly name: string }
  | { readonly type: 'client'; readonly client: Client; readonly name: string }
  | SourceTarget;

/** Sessions are borrowed, one for each connection, from somebody who keeps them. */
export interface SourceTarget {
  readonly type: 'source';
  readonly borrow: (signal: AbortSignal) => Promise<LentSession>;
  readonly name: string;
}

/** Sorts a target out and checks its spec. Throws `CONFIG_INVALID`; opens nothing. */
export function resolveTarget(target: SessionTarget): ResolvedTarget {
  if (typeof target === 'string' || target instanceof URL) return resolveSpec({ url: target });
  if (isClient(target)) {
    if (target.transport === undefined) {
      throw new PlenumError(
        'CONFIG_INVALID',
        'The client is not connected. Connect it first, or give the server spec.',
      );
    }
    return { type: 'client', client: target, name: target.getServerVersion()?.name ?? 'client' };
  }
  if (!isRecord(target)) {
    throw new PlenumError(
      'CONFIG_INVALID',
      'A server is given as a spec object, a URL, an in-process server, a transport or a client.',
    );
  }
  if (isTransport(target)) {
    let taken = false;
    const transport = (): Transport => {
      if (taken)
        throw new PlenumError(
          'CONFIG_INVALID',
          'A transport serves one connection. Give "transport" as a function to reconnect.',
        );
      taken = true;
      return target;
    };
    return { type: 'transport', spec: { transport }, name: 'transport' };
  }
  if (isForeignClient(target)) {
    throw new PlenumError(
      'CONFIG_INVALID',
      'This is a client of @modelcontextprotocol/sdk 1.x; Plenum takes those of @modelcontextprotocol/client 2.x.',
    );
  }
  if (isInProcessServer(target)) return { type: 'spec', spec: { server: target }, name: 'in-process' };
  return resolveSpec(target);
}

function resolveSpec(spec: ServerSpec): ResolvedTarget {
  const shapes = (['command', 'url', 'server', 'transport'] as const).filter(
    (key) => Reflect.get(spec, key) !== undefined,
  );
  if (shapes.length !== 1) {
    const found = shapes.length === 0 ? 'none of them' : shapes.map((key) => `"${key}"`).join(' and ');
    throw new PlenumError(
      'CONFIG_INVALID',
      `A server spec has exactly one of "command", "url", "server" and "transport"; found ${found}.`,
    );
  }
  if ('command' in spec) return { type: 'spec', spec, name: checkStdio(spec) };
  if ('url' in spec) return { type: 'spec', spec, name: checkUrl(spec) };
  if ('server' in spec) return { type: 'spec', spec, name: checkInProcess(spec) };
  if (typeof spec.transport !== 'function') {
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "transport" must be a function that returns a new transport.',
    );
  }
  return { type: 'spec', spec, name: 'custom' };
}

function checkStdio(spec: StdioServerSpec): string {
  checkText('command', spec.command);
  checkOneOf('type', spec.type, ['stdio']);
  checkTextArray('args', spec.args);
  checkTextRecord('env', spec.env);
  if (spec.cwd !== undefined && !(spec.cwd instanceof URL)) checkText('cwd', spec.cwd);
  if (typeof spec.inheritEnv !== 'boolean') checkTextArray('inheritEnv', spec.inheritEnv);
  checkOneOf('encoding', spec.encoding, ['utf-8', 'utf-16le', 'latin1']);
  checkOneOf('encodingErrors', spec.encodingErrors, ['strict', 'ignore', 'replace']);
  if (typeof spec.stderr !== 'object' || spec.stderr === null)
    checkOneOf('stderr', spec.stderr, ['capture', 'inherit', 'ignore']);
  checkCount('maxMessageBytes', spec.maxMessageBytes, 1);
  checkDuration('closeGraceMs', spec.closeGraceMs);
  checkDuration('terminateGraceMs', spec.terminateGraceMs);
  return spec.command.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '') || 'server';
}

function checkUrl(spec: UrlServerSpec): string {
  const url = URL.canParse(String(spec.url)) ? new URL(spec.url) : undefined;
  if (url === undefined)
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "url" is not a URL. Give it whole, with its scheme: "https://…".',
    );
  const kind = checkOneOf('type', spec.type, ['http', 'sse', 'websocket']);
  const websocket = url.protocol === 'ws:' || url.protocol === 'wss:';
  if (!websocket && url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new PlenumError(
      'CONFIG_INVALID',
      `Option "url" has the scheme "${url.protocol}"; Plenum speaks http, https, ws and wss.`,
    );
  }
  if (kind !== undefined && (kind === 'websocket') !== websocket) {
    throw new PlenumError(
      'CONFIG_INVALID',
      `Option "type" is "${kind}", which does not go with a "${url.protocol}" URL.`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "url" holds credentials, which would show up in messages. Use "headers" or "auth".',
    );
  }
  if (typeof spec.headers !== 'function') checkTextRecord('headers', spec.headers);
  checkDuration('openTimeoutMs', spec.openTimeoutMs);
  checkDuration('readTimeoutMs', spec.readTimeoutMs);
  checkFunction('fetch', spec.fetch);
  checkProxy(spec);
  checkTls(spec);
  for (const key of ['auth', 'fetch', 'proxy'] as const) {
    if (websocket && spec[key] !== undefined) {
      const advice = key === 'auth' ? ' Give credentials in "headers".' : '';
      throw new PlenumError('CONFIG_INVALID', `Option "${key}" is not for WebSocket.${advice}`);
    }
  }
  checkBoolean('terminateSession', spec.terminateSession);
  checkCount('maxMessageBytes', spec.maxMessageBytes, 1);
  return url.host;
}

function checkProxy({ proxy, fetch }: UrlServerSpec): void {
  if (proxy === undefined) return;
  if (fetch !== undefined)
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "proxy" does not go with "fetch", which sends by itself.',
    );
  const url = URL.canParse(String(proxy)) ? new URL(proxy) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return;
  // Not shown: it may hold a password.
  throw new PlenumError('CONFIG_INVALID', 'Option "proxy" must be the http: or https: URL of a proxy.');
}

function checkTls({ tls, fetch }: UrlServerSpec): void {
  if (tls === undefined) return;
  if (fetch !== undefined)
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "tls" does not go with "fetch", which connects by itself.',
    );
  if (!isRecord(tls)) throw new PlenumError('CONFIG_INVALID', 'Option "tls" must be an object.');
  checkBoolean('tls.rejectUnauthorized', tls.rejectUnauthorized);
}

function checkInProcess(spec: InProcessServerSpec): string {
  if (typeof spec.server !== 'function' && !isInProcessServer(spec.server)) {
    throw new PlenumError(
      'CONFIG_INVALID',
      'Option "server" must be an McpServer or Server, with connect() and close(), or a function that makes one.',
    );
  }
  return 'in-process';
}

function isInProcessServer(value: unknown): value is InProcessServer {
  return isObject(value) && typeof value['connect'] === 'function' && typeof value['close'] === 'function';
}

/** By what it can do: a program may have loaded the official client twice. */
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
