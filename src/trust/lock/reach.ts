import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { isRecord } from '../../internal/checks.ts';
import { isSecretName, knownToken, looksRandom } from '../secrets.ts';

/**
 * How a server is reached, without secrets: of variables only the names, of environment and headers only the names, of URLs
 * no credentials and no values of the query.
 */
export interface Reached {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Names of variables. */
  readonly env?: readonly string[];
  readonly inheritEnv?: boolean | readonly string[];
  /** The path of a file with more variables. */
  readonly envFile?: string;
  readonly url?: string;
  /** Names of headers, in small letters. */
  readonly headers?: readonly string[];
  /** For a server that is an object or a function of the program. */
  readonly program?: 'a server in this process' | 'a transport';
}

const HIDDEN = '<hidden>';

/** A variable, with the text that stands for it when it is not set. */
const REFERENCE = /\$\{([^}:]*(?::[^-}][^}:]*)*)(?::-([^}]*))?\}/g;

/** How the server of a spec, or of an entry of a file with its variables, is reached. */
export function reachOf(spec: object): Reached {
  const { command, args, cwd, env, envFile, inheritEnv, url, headers, server } = { ...spec } as Readonly<
    Record<string, unknown>
  >;
  if (typeof command === 'string')
    return {
      command: withoutSecrets(command),
      args: argumentsWithoutSecrets(Array.isArray(args) ? args.map(String) : []),
      ...((typeof cwd === 'string' || cwd instanceof URL) && { cwd: withoutSecrets(String(cwd)) }),
      ...namesIn('env', env, (name) => name),
      ...(typeof envFile === 'string' && { envFile: withoutSecrets(envFile) }),
      ...(Array.isArray(inheritEnv) && { inheritEnv: inheritEnv.map(String).toSorted() }),
      ...(inheritEnv === true && { inheritEnv }),
    };
  if (typeof url === 'string' || url instanceof URL)
    return {
      url: urlWithoutSecrets(String(url)),
      ...namesIn('headers', headers, (name) => name.toLowerCase()),
    };
  return { program: server === undefined ? 'a transport' : 'a server in this process' };
}

function namesIn(
  key: 'env' | 'headers',
  given: unknown,
  read: (name: string) => string,
): Pick<Reached, 'env' | 'headers'> {
  if (!isRecord(given)) return {};
  const names = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [read(name)],
  );
  return names.length === 0 ? {} : { [key]: names.toSorted() };
}

/**
 * Whether a server is reached as it was approved. `isExpanded`: the values of variables stand in their places, so that any
 * text fits a variable of the lock. `folder` is the one of the lock, from which relative paths of commands go.
 */
export function isSameReach(approved: Reached, now: Reached, isExpanded: boolean, folder: string): boolean {
  const fits = (a: unknown, b: unknown): boolean => {
    if (typeof a === 'string' && typeof b === 'string') return a === b || (isExpanded && fitsTemplate(a, b));
    if (Array.isArray(a) && Array.isArray(b))
      return a.length === b.length && a.every((each, nr) => fits(each, b[nr]));
    return a === b;
  };
  // Reading a configuration makes paths absolute, from the folder of its workspace.
  const folders = isExpanded ? [folder, resolve(folder, '..')] : [];
  const fitsPath = (a: string, b: string): boolean =>
    fits(a, b) || folders.some((each) => fits(resolve(each, a), b));
  const isRelative = /^\.\.?[\\/]/.test(approved.command ?? '');
  const command = now.command ?? '';
  const cwd = now.cwd ?? '';
  return (
    (isRelative ? fitsPath(approved.command ?? '', command) : fits(approved.command ?? '', command)) &&
    (approved.cwd === now.cwd || fitsPath(approved.cwd ?? '.', cwd)) &&
    fits(approved.args, now.args) &&
    fitsVariables(approved, now, isExpanded) &&
    fits(approved.inheritEnv, now.inheritEnv) &&
    fits(approved.url, now.url) &&
    fits(approved.headers, now.headers) &&
    fits(approved.program, now.program)
  );
}

/** Once a file of variables was read, its names stand beside the others. */
function fitsVariables(approved: Reached, now: Reached, isExpanded: boolean): boolean {
  const [before, after] = [approved.env ?? [], now.env ?? []];
  if (!isExpanded || approved.envFile === undefined)
    return approved.envFile === now.envFile && before.join('\n') === after.join('\n');
  return before.every((name) => after.includes(name));
}

/** Whether a text may be what a template gives. Takes time in proportion to both lengths. */
function fitsTemplate(template: string, text: string): boolean {
  const parts = template.split(REFERENCE_ALONE);
  if (parts.length === 1) return false;
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

const REFERENCE_ALONE = /\$\{[^}]*\}/;

/** Arguments, without the values that stand behind or in those whose names say that they are secrets. */
function argumentsWithoutSecrets(args: readonly string[]): string[] {
  let isNextSecret = false;
  return args.map((arg) => {
    const isHidden = isNextSecret && !isReference(arg);
    const [, flag, value] = /^(-{0,2}[\w.-]+)=(.*)$/s.exec(arg) ?? [];
    isNextSecret = !isHidden && /^-{1,2}[\w-]+$/.test(arg) && isSecretName(arg);
    if (isHidden) return HIDDEN;
    if (
      flag !== undefined &&
      value !== undefined &&
      value !== '' &&
      !isReference(value) &&
      isSecretName(flag)
    )
      return `${flag}=${HIDDEN}`;
    const [, header, content] = /^([\w-]+):\s*(\S.*)$/s.exec(arg) ?? [];
    if (header !== undefined && content !== undefined && isSecretName(header) && !isUrl(arg))
      return isReference(content.replace(/^(?:bearer|basic|token)\s+/i, '')) ? arg : `${header}: ${HIDDEN}`;
    return withoutSecrets(arg);
  });
}

/** Tells random texts apart, which may be anything: so many bits cannot be guessed from their hash. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function isReference(text: string): boolean {
  return text.includes('${') && text.replace(REFERENCE, '').trim() === '';
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text);
}

function withoutSecrets(text: string): string {
  if (isUrl(text)) return urlWithoutSecrets(text);
  const named = withoutDefaults(text);
  if (knownToken(named) !== undefined) return HIDDEN;
  return looksRandom(named) ? `<hidden ${hashOf(named)}>` : named;
}

/** Of a variable with a default that may be a secret, only the name. */
function withoutDefaults(text: string): string {
  return text.replace(REFERENCE, (whole: string, name: string, fallback: string | undefined) =>
    fallback === undefined || fallback === '' || !(isSecretName(name) || hasSecret(fallback))
      ? whole
      : `\${${name}:-${HIDDEN}}`,
  );
}

function hasSecret(text: string): boolean {
  return knownToken(text) !== undefined || looksRandom(text);
}

/** A URL without user and password, values of its query, its fragment, and parts of its path that may be secrets. */
function urlWithoutSecrets(given: string): string {
  const url = withoutDefaults(given).replace(/#.*$/s, '');
  const at = url.indexOf('?');
  const query = at < 0 ? '' : url.slice(at + 1);
  const path = (at < 0 ? url : url.slice(0, at))
    .replace(/^([a-z][a-z\d+.-]*:\/\/)[^/]*@/i, '$1')
    .split('/')
    .map((part, nr) => (nr > 2 && hasSecret(part) ? HIDDEN : part))
    .join('/');
  const isWhole = !path.includes('${') && !path.includes(HIDDEN) && URL.canParse(path);
  const values = query.split('&').map((each) => {
    const [name = '', value] = each.split('=', 2);
    const shown = hasSecret(name) ? HIDDEN : name;
    if (value === undefined || value === '') return shown;
    return `${shown}=${isReference(value) ? value : HIDDEN}`;
  });
  return (isWhole ? new URL(path).href : path) + (query === '' ? '' : `?${values.join('&')}`);
}
