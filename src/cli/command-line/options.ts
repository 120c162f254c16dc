import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Root } from '@modelcontextprotocol/client';
import { UsageError } from '../exit-codes.ts';

/** Options of every command. */
export interface GlobalOptions {
  readonly config?: string;
  readonly server: readonly string[];
  readonly json: boolean;
  readonly timeout?: number;
  readonly verbose: boolean;
  /** Agrees to the file that is found, for this run. */
  readonly trust: boolean;
  readonly color: boolean;
  readonly root: readonly string[];
  readonly header: readonly string[];
  readonly env: readonly string[];
}

/** Options of single commands. */
export interface CommandOptions {
  readonly args?: string;
  readonly out?: string;
  readonly count?: number;
  readonly to?: string;
  readonly from?: readonly string[];
  readonly all?: boolean;
  readonly replace?: boolean;
  readonly servers?: boolean;
  readonly list?: boolean;
  readonly revoke?: boolean;
  readonly show?: boolean;
  readonly stdio?: boolean;
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  readonly offline?: boolean;
  readonly digest?: readonly string[];
  readonly keyFile?: string;
  readonly cluster?: string;
  readonly scope?: readonly string[];
  /** In epoch milliseconds. */
  readonly expires?: number;
  /** False with `--no-browser`. */
  readonly browser?: boolean;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Parses `500`, `500ms`, `30s` or `2m` to milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit = 'ms'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const ms = Number(amount) * (UNITS[unit] ?? 1);
  if (ms > 0) return ms;
  throw new UsageError(
    `"${text}" is not a duration: give milliseconds, or a number with its unit, such as 30s or 2m.`,
  );
}

const LONG_UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses `30m`, `12h`, `90d`, or a date such as `2027-01-31`, to a moment to come in epoch milliseconds. */
export function parseExpiry(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const isDate = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text);
  const moment = isDate ? Date.parse(text) : Date.now() + Number(amount) * (LONG_UNITS[unit] ?? 1);
  if (moment > Date.now()) return moment;
  throw new UsageError(
    `"${text}" is no time to come: give 30m, 12h or 90d, or a date such as 2027-01-31 or 2027-01-31T12:00:00Z.`,
  );
}

export function parseCount(text: string): number {
  const amount = Number(text);
  if (Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new UsageError(`"${text}" is not a count: give a whole number, 1 or more.`);
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UsageError(`"${text}" is not a port: give a whole number from 0 to 65535.`);
}

/** The folders of `--root` as MCP roots. */
export async function readRoots(folders: readonly string[]): Promise<Root[]> {
  return Promise.all(
    folders.map(async (folder) => {
      const path = resolve(folder);
      const found = await stat(path).catch(() => undefined);
      if (found?.isDirectory() !== true) throw new UsageError(`--root ${folder}: there is no such folder.`);
      return { uri: pathToFileURL(path).href, name: basename(path) };
    }),
  );
}

/** Parses `Name: value` to headers. No message repeats a value: it may be a secret. */
export function parseHeaders(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const colon = text.indexOf(':');
      const name = text.slice(0, colon).trim();
      if (colon < 1 || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
        throw new UsageError('--header needs "Name: value".');
      return [name, text.slice(colon + 1).trim()];
    }),
  );
}

/** Parses `NAME=value`, and `NAME`, which passes on the variable of this process. */
export function parseEnv(given: readonly string[]): { env: Record<string, string>; inheritEnv: string[] } {
  const env: Record<string, string> = {};
  const inheritEnv: string[] = [];
  for (const text of given) {
    const [, name, value] = /^([^=]+)(?:=(.*))?$/s.exec(text) ?? [];
    if (name === undefined) throw new UsageError('--env needs NAME=value, or NAME.');
    if (value === undefined) inheritEnv.push(name);
    else env[name] = value;
  }
  return { env, inheritEnv };
}
