import { createHash } from 'node:crypto';
import { isRecord } from '../../internal/checks.ts';
import { canonicalJson } from '../../internal/json/canonical-json.ts';
import type { Consent, ConsentPart } from './consent-file.ts';
import type { ConsentRequest, ConsentSection, ConsentServer } from './consent-request.ts';
import { consentWord, serverLines } from './consent-text.ts';
import { variablesIn } from '../expand/template.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';
import { flagOf } from '../read/foreign-keys.ts';
import { serverFields } from '../read/server-fields.ts';

type Root = Readonly<Record<string, unknown>>;

const SERVERS = ['mcpServers', 'servers'];
const SECTIONS = ['plenum', 'gateway'];
/** What of a file has an effect. */
const EFFECTIVE = [...SERVERS, ...SECTIONS, 'inputs'];

/** Larger files are remembered as a whole, without what each of their servers was. */
const MOST_PARTS = 500;
const MOST_CHARACTERS = 256 * 1024;

/** Whether a file has nothing that could be started or expanded. */
export function isEmpty(root: Root): boolean {
  return serversOf(root).length === 0 && SECTIONS.every((section) => root[section] === undefined);
}

/** SHA-256 of everything in a file that has an effect: not of its comments, its layout and the order of its names. */
export function digestOf(root: Root): string {
  const effective = Object.fromEntries(EFFECTIVE.map((key) => [key, root[key]]));
  return sha256(effective);
}

function sha256(value: unknown): string {
  const text = canonicalJson(value, (other) => JSON.stringify(other));
  return createHash('sha256').update(`consent 1\n${text}`).digest('hex');
}

/** The servers and sections of a file, each with its digest. */
export function digestsOf(root: Root): Map<string, string> {
  const servers = serversOf(root).map(({ name, given }) => [placeOf('server', name), sha256(given)] as const);
  const sections = SECTIONS.flatMap((name) =>
    root[name] === undefined ? [] : [[placeOf('section', name), sha256(root[name])] as const],
  );
  return new Map([...servers, ...sections]);
}

function placeOf(kind: ConsentPart['kind'], name: string): string {
  return `${kind} ${name}`;
}

/** Describes a file for whoever is to agree to it. `before` is what was agreed to for its path. */
export function describeFile(
  path: string,
  root: Root,
  before: Consent | undefined,
  isReload = false,
): ConsentRequest {
  const digests = digestsOf(root);
  const earlier = new Map(before?.parts.map((part) => [placeOf(part.kind, part.name), part]));
  const changeOf = (place: string): ConsentServer['change'] => {
    const part = earlier.get(place);
    // Of a large file nothing is kept but that it was agreed to.
    if (part === undefined) return before?.parts.length === 0 ? 'changed' : 'new';
    return part.digest === digests.get(place) ? 'same' : 'changed';
  };
  const servers = serversOf(root).map(({ name, given, section }): ConsentServer => {
    const place = placeOf('server', name);
    const change = changeOf(place);
    const lines = earlier.get(place)?.lines;
    const isCompared = change === 'changed' && lines !== undefined;
    return {
      name,
      change,
      ...describeServer(name, given, section),
      ...(isCompared && { beforeLines: lines }),
    };
  });
  const order = ['new', 'changed', 'same'];
  servers.sort((a, b) => order.indexOf(a.change) - order.indexOf(b.change));
  const there = new Set(servers.map(({ name }) => name));
  const removed = [...earlier.values()].filter(({ kind, name }) => kind === 'server' && !there.has(name));
  return {
    path,
    folder: workspaceFolder(path),
    servers,
    sections: SECTIONS.flatMap((name) => {
      const given = root[name];
      if (given === undefined) return [];
      return describeSection(name, given, changeOf(placeOf('section', name)));
    }),
    ...(before !== undefined && {
      before: { agreedAt: before.agreedAt, removed: removed.map(({ name }) => name) },
    }),
    isReload,
    digest: digestOf(root),
  };
}

/** Describes servers that stand in no file yet, by name. */
export function describeServers(servers: ReadonlyMap<string, unknown>): ConsentServer[] {
  return [...servers].map(([name, given]) => ({
    name,
    change: 'new',
    ...describeServer(name, given, 'servers'),
  }));
}

/** What is kept of a request that was agreed to. */
export function consentFor(key: string, root: Root, request: ConsentRequest): Consent {
  const digests = digestsOf(root);
  const parts: ConsentPart[] = [];
  let characters = 0;
  const keep = (kind: ConsentPart['kind'], name: string, lines: readonly string[]): void => {
    parts.push({ kind, name, digest: digests.get(placeOf(kind, name)) ?? '', lines });
    characters += name.length + lines.join('').length;
  };
  if (request.servers.length <= MOST_PARTS) {
    for (const server of request.servers) keep('server', server.name, serverLines(server));
    for (const { name, json } of request.sections) keep('section', name, [consentWord(json)]);
  }
  return {
    path: key,
    digest: request.digest,
    agreedAt: new Date().toISOString(),
    parts: characters > MOST_CHARACTERS ? [] : parts,
  };
}

interface GivenServer {
  readonly name: string;
  readonly given: unknown;
  readonly section: string;
}

/** A name that stands in both sections is refused later: nothing of it runs. */
function serversOf(root: Root): GivenServer[] {
  return SERVERS.flatMap((section) => {
    const servers = root[section];
    return isRecord(servers)
      ? Object.entries(servers).map(([name, given]) => ({ name, given, section }))
      : [];
  });
}

type Described = Omit<ConsentServer, 'name' | 'change' | 'beforeLines'>;

/** What stands in a server's own fields of {@link ConsentServer}. */
const SHOWN = new Set([
  'command',
  'args',
  'cwd',
  'envFile',
  'url',
  'proxy',
  'headers',
  'env',
  'disabled',
  'auth',
  'inheritEnv',
]);

function describeServer(name: string, given: unknown, section: string): Described {
  if (!isRecord(given)) return { disabled: false, headers: [], env: [], variables: [], others: [] };
  const { values } = serverFields(given, [section, name], { warn: () => {} });
  const { command, args, cwd, envFile, url, proxy, headers, env, auth } = values;
  const texts = { cwd, envFile, url, proxy };
  const shown = Object.entries(texts).filter(([, value]) => typeof value === 'string' && value !== '');
  const others = Object.entries(values).filter(([key]) => !SHOWN.has(key));
  return {
    disabled: flagOf(values['disabled']) === true,
    ...(command !== undefined && { command: [...words(command), ...words(args)] }),
    ...Object.fromEntries(shown),
    headers: isRecord(headers) ? Object.keys(headers) : [],
    env: isRecord(env) ? Object.keys(env) : [],
    variables: variablesOf(values),
    others: [
      ...(auth === undefined ? [] : [['auth', authText(auth)] as const]),
      ...others.map(([key, value]) => [key, JSON.stringify(value)] as const),
    ],
  };
}

function words(given: unknown): string[] {
  if (given === undefined || given === null) return [];
  const list: unknown[] = Array.isArray(given) ? given : [given];
  return list.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
}

/** Its kind and the names of its settings, since values may be secrets. */
function authText(auth: unknown): string {
  if (!isRecord(auth)) return JSON.stringify(auth);
  const { type, ...rest } = auth;
  return [String(type), ...Object.keys(rest)].join(', ');
}

/** The variables of the environment that a server gets. What its own `env` sets comes from the file. */
function variablesOf(values: Readonly<Record<string, unknown>>): string[] {
  const { env, inheritEnv, envFile, ...rest } = values;
  if (inheritEnv === true) return ['*'];
  const own = new Set(isRecord(env) ? Object.keys(env) : []);
  const passed = Array.isArray(inheritEnv) ? inheritEnv.filter((each) => typeof each === 'string') : [];
  const inTexts = referencesIn(rest).filter((name) => !own.has(name));
  const all = [...passed, ...referencesIn([env, envFile, inheritEnv]), ...inTexts];
  return [...new Set(all)].toSorted();
}

function referencesIn(value: unknown): string[] {
  if (typeof value === 'string') return variablesIn(value);
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return isRecord(value) ? Object.values(value).flatMap(referencesIn) : [];
}

function describeSection(name: string, given: unknown, change: ConsentSection['change']): ConsentSection {
  const variables = [...new Set(referencesIn(given))].toSorted();
  return { name, change, json: JSON.stringify(given), variables };
}
