import { isRecord } from '../../internal/checks.ts';
import { printable, suggestion } from '../../internal/text.ts';
import type { Findings } from './findings.ts';
import {
  flagOf,
  IGNORED_KEYS,
  meantFilter,
  SPELLINGS,
  spelledIn,
  transportWord,
  UNSUPPORTED_KEYS,
} from './foreign-keys.ts';
import { printPath, type JsonPath } from '../json/json-path.ts';
import { stdioInFile, TRANSPORTS, urlInFile } from '../../options/tables/file.ts';

/** A server of a file, with the keys of other programs replaced by Plenum's. */
export interface ServerFields {
  readonly values: Readonly<Record<string, unknown>>;
  /** Maps a path in Plenum's keys to the path in the document. */
  readonly locate: (path: JsonPath) => JsonPath;
  /** Keys that neither Plenum nor another known program has. */
  readonly unknown: readonly string[];
  /** Those of the unknown keys that are probably misspelt filters, each with the filter that was meant. */
  readonly misspelt: ReadonlyMap<string, string>;
}

const STDIO_KEYS = new Set(Object.keys(stdioInFile));
const URL_KEYS = new Set(Object.keys(urlInFile));
const OWN_KEYS = new Set([...STDIO_KEYS, ...URL_KEYS]);

/**
 * Replaces the keys of other programs in `server`, which is at `path`, by Plenum's; warns of keys that have no
 * effect.
 */
export function serverFields(
  server: Readonly<Record<string, unknown>>,
  path: JsonPath,
  findings: Pick<Findings, 'warn'>,
): ServerFields {
  const values = new Map<string, unknown>();
  const origins = new Map<string, JsonPath>();
  const put = (key: string, value: unknown, origin: readonly string[]): void => {
    values.set(key, value);
    origins.set(key, [...path, ...origin]);
  };

  for (const [key, value] of Object.entries(server)) {
    // Programs that generate such files write null for an option without a value.
    if (OWN_KEYS.has(key) && value !== null && !isForeignAuth(key, value)) put(key, value, [key]);
  }
  const spelled = new Set<string>();
  for (const spelling of SPELLINGS) {
    const { from, to, convert } = spelling;
    spelled.add(from[0]);
    const value = spelledIn(server, spelling);
    if (value === undefined || value === null) continue;
    if (values.has(to) && !isBlank(values.get(to))) {
      // A file that an editor and Plenum share may have both programs' keys for one option. Of headers, all are used.
      if (to === 'headers' || to === 'url') {
        findings.warn(
          [...path, ...from],
          `"${printPath(from)}" is ignored, because there is "${to}" already.`,
        );
      }
      continue;
    }
    // Some programs write 0 for no timeout.
    if (from[0] === 'timeout' && value === 0) continue;
    const converted = convert === undefined ? value : convert(value);
    if (from[0] === 'timeout') warnOfUnit(value, converted, [...path, ...from], findings);
    if (from[0] === 'httpUrl' && !isBlank(value) && !values.has('type')) put('type', 'http', from);
    put(to, converted, from);
  }

  settleKind(values, (key) => origins.get(key) ?? [...path, key], findings);
  mendValues(values);
  const unknown: string[] = [];
  const misspelt = new Map<string, string>();
  for (const [key, value] of Object.entries(server)) {
    const unheeded = UNSUPPORTED_KEYS.get(isForeignAuth(key, value) ? 'oauth' : key);
    if (unheeded !== undefined && value !== false && value !== null) {
      findings.warn([...path, key], `"${key}" is ignored: ${unheeded}.`);
    } else if (!OWN_KEYS.has(key) && !spelled.has(key) && !IGNORED_KEYS.has(key) && unheeded === undefined) {
      unknown.push(key);
      const filter = meantFilter(key, value);
      if (filter !== undefined) misspelt.set(key, filter);
      else findings.warn([...path, key], `Unknown key "${printable(key, 80)}".${suggestion(key, OWN_KEYS)}`);
    }
  }
  const locate = ([first, ...rest]: JsonPath): JsonPath =>
    first === undefined ? path : [...(origins.get(String(first)) ?? [...path, first]), ...rest];
  return { values: Object.fromEntries(values), locate, unknown, misspelt };
}

/** Programs write an empty `command` or `url` for the one that a server does not have. */
function settleKind(
  values: Map<string, unknown>,
  pathOf: (key: string) => JsonPath,
  findings: Pick<Findings, 'warn'>,
): void {
  const type = values.get('type');
  const word = typeof type === 'string' ? transportWord(type) : undefined;
  if (type === '') values.delete('type');
  for (const [empty, other] of [
    ['command', 'url'],
    ['url', 'command'],
  ] as const)
    if (isBlank(values.get(empty)) && values.has(other) && !isBlank(values.get(other))) values.delete(empty);
  if (isBlank(values.get('command')) && isBlank(values.get('url'))) {
    values.delete('command');
    values.delete('url');
  }
  if (values.has('command') && values.has('url') && word !== undefined) {
    const passedOver = word === 'stdio' ? 'url' : 'command';
    findings.warn(
      pathOf(passedOver),
      `"${passedOver}" is ignored, because the type is "${printable(String(type), 40)}".`,
    );
    values.delete(passedOver);
  }
  // Either of the transports behind a URL: which one is found out.
  if (word === 'remote' && values.has('url')) values.delete('type');
  else if (word !== undefined && word !== 'remote' && !isSpelling(type)) values.set('type', word);
}

function isSpelling(type: unknown): boolean {
  return Object.values(TRANSPORTS).some((spellings) => spellings.some((each) => each === type));
}

function isBlank(value: unknown): boolean {
  return (typeof value === 'string' && value.trim() === '') || (Array.isArray(value) && value.length === 0);
}

/** Numbers and the like where there are texts, and words where there are flags. */
function mendValues(values: Map<string, unknown>): void {
  if (values.has('disabled')) values.set('disabled', flagOf(values.get('disabled')));
  const args = values.get('args');
  if (typeof args === 'string' && isBlank(args)) values.delete('args');
  if (Array.isArray(args)) values.set('args', args.map(textOf));
  const headers = values.get('headers');
  if (isRecord(headers)) {
    const set = Object.entries(headers).filter(([, value]) => value !== null);
    values.set('headers', Object.fromEntries(set.map(([name, value]) => [name, textOf(value)])));
  }
}

function textOf(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

type ServerKind = 'stdio' | 'url';

const KEYS_OF: Readonly<Record<ServerKind, ReadonlySet<string>>> = { stdio: STDIO_KEYS, url: URL_KEYS };

/** The fields that a server of this kind (process or URL) has. */
export function ofKind({ values }: ServerFields, kind: ServerKind): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => KEYS_OF[kind].has(key)));
}

/** Warns of the fields that only the other kind of server has, unless they are `used`. */
export function warnOfOtherKind(
  { values, locate }: ServerFields,
  kind: ServerKind,
  findings: Findings,
  used: readonly string[] = [],
): void {
  const what = kind === 'stdio' ? 'a process' : 'a server behind a URL';
  for (const key of Object.keys(values)) {
    if (KEYS_OF[kind].has(key) || used.includes(key)) continue;
    findings.warn(locate([key]), `"${key}" is ignored: it means nothing for ${what}.`);
  }
}

/** Cursor has OAuth client settings under `auth`, which means something else in Plenum. */
function isForeignAuth(key: string, value: unknown): boolean {
  return key === 'auth' && isRecord(value) && value['type'] === undefined && 'CLIENT_ID' in value;
}

function warnOfUnit(given: unknown, ms: unknown, path: JsonPath, findings: Pick<Findings, 'warn'>): void {
  if (typeof given !== 'number') return;
  const unit = given === ms ? 'milliseconds' : 'seconds';
  findings.warn(
    path,
    `"timeout" has another unit in each editor; ${given} is read as ${unit}. "timeoutMs" is plain.`,
  );
}
