import { isRecord } from '../../internal/checks.ts';
import { isSecret, isSecretName, knownToken, masked } from '../secrets.ts';
import type { AuditFinding } from './finding.ts';
import { unpinnedProgram } from './packages.ts';

/** Texts that only show where a secret is to be written, and what is none whatever its name. */
const NO_SECRET =
  /^(?:<[^>]*>|\[[^\]]*\]|\{\{?[^}]*\}\}?|your[-_ ].*|.*[-_ ]here|[x*•.…]+|change[-_ ]?me|placeholder|example|dummy|none|null|true|false|\d{1,6}|[a-z-]{1,6}|[./~].*|[a-z]:\\.*)$/i;

const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** How deep an entry is looked into. */
const MAX_DEPTH = 20;

/** Looks at the entries of servers as they stand in a file, with `${VAR}` in place of values. Nothing is started. */
export function auditEntries(entries: Iterable<readonly [server: string, entry: unknown]>): AuditFinding[] {
  const known = [...entries];
  return [
    ...known.flatMap(([server, entry]) => auditEntry(server, entry)),
    ...likeNames(known.map(([name]) => name)),
  ];
}

function auditEntry(server: string, entry: unknown): AuditFinding[] {
  if (!isRecord(entry)) return [];
  return [...programOf(server, entry), ...secretsIn(server, entry), ...plainHttpIn(server, entry)];
}

function programOf(server: string, entry: Readonly<Record<string, unknown>>): AuditFinding[] {
  const [first, ...others] = textsIn(entry['command']);
  if (first === undefined) return [];
  const found = unpinnedProgram(first, [...others, ...textsIn(entry['args'])]);
  if (found === undefined) return [];
  const { kind, name, version } = found;
  const advice =
    kind === 'package'
      ? 'Name one version, as in name@1.2.3.'
      : 'Name its digest (@sha256:…), or at least a version.';
  return [
    {
      server,
      level: 'warning',
      code: kind === 'package' ? 'unpinned-package' : 'unpinned-image',
      where: 'command',
      message: `The ${kind} "${name}" is not pinned: each start may run another program, as it runs ${version}. ${advice}`,
    },
  ];
}

function textsIn(value: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((each) => typeof each === 'string');
}

interface Leaf {
  readonly path: readonly string[];
  readonly text: string;
}

function leavesOf(value: unknown, path: readonly string[] = []): Leaf[] {
  if (typeof value === 'string') return [{ path, text: value }];
  if (typeof value !== 'object' || value === null || path.length >= MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([key, each]: [string, unknown]) => leavesOf(each, [...path, key]));
}

function secretsIn(server: string, entry: object): AuditFinding[] {
  const leaves = leavesOf(entry);
  return leaves.flatMap(({ path, text }, nr) => {
    const [section] = path;
    // Only values: what is read and what is run stands elsewhere.
    const found =
      section === 'args' || section === 'command'
        ? secretInArgument(text, leaves[nr - 1])
        : secretIn(path, text);
    if (found === undefined) return [];
    const token = knownToken(found);
    const what = token === undefined ? 'It looks like a secret' : `It looks like ${token}`;
    return [
      {
        server,
        level: 'warning' as const,
        code: 'secret-in-file' as const,
        where: path.join('.'),
        message: `${what} (${masked(found)}), and stands in the file. Write \${VAR} in its place.`,
      },
    ];
  });
}

/** Names under which no secret stands, although their values are long and random. */
const PLAIN_FIELDS = new Set(['cwd', 'type', 'description', 'name', 'title', 'envFile', 'scope', 'clientId']);

function secretIn(path: readonly string[], text: string): string | undefined {
  const name = path.at(-1) ?? '';
  if (PLAIN_FIELDS.has(name)) return knownToken(text) === undefined ? undefined : text;
  if (isUrl(text)) return secretInUrl(text);
  return isRealSecret(name, text) ? withoutScheme(text) : undefined;
}

function isRealSecret(name: string, text: string): boolean {
  const bare = withoutScheme(text);
  return !NO_SECRET.test(bare) && isSecret(name, text);
}

function withoutScheme(text: string): string {
  return text.replace(/^(?:bearer|basic|token)\s+/i, '').trim();
}

function secretInArgument(text: string, before: Leaf | undefined): string | undefined {
  if (isUrl(text)) return secretInUrl(text);
  const [, name, value] = /^-{0,2}([\w.-]+)[=:]\s*(.+)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined)
    return isUrl(value) ? secretInUrl(value) : isRealSecret(name, value) ? withoutScheme(value) : undefined;
  const flag = before?.path[0] === 'args' && /^-{1,2}[\w-]+$/.test(before.text) ? before.text : '';
  if (text.startsWith('-')) return knownToken(text) === undefined ? undefined : text;
  if (flag !== '' && isSecretName(flag)) return isRealSecret(flag, text) ? text : undefined;
  return knownToken(text) === undefined ? undefined : text;
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text);
}

/** Credentials of a URL: a password, a value of its query, or a part of its path. */
function secretInUrl(url: string): string | undefined {
  const [, user] = /^[a-z][a-z\d+.-]*:\/\/([^/?#@]*)@/i.exec(url) ?? [];
  const password = user?.slice(user.indexOf(':') + 1);
  if (password !== undefined && password.replace(/\$\{[^}]*\}/g, '') !== '') return password;
  const [path = '', query = ''] = url.split('?', 2);
  for (const each of query.split('&')) {
    const [name = '', value = ''] = each.split('=', 2);
    if (isRealSecret(name, value)) return value;
  }
  return path
    .split('/')
    .slice(3)
    .find((part) => isRealSecret('', part));
}

function plainHttpIn(server: string, entry: object): AuditFinding[] {
  return leavesOf(entry).flatMap(({ path, text }) => {
    const [section] = path;
    // Variables and headers are for the server itself.
    if (section === 'env' || section === 'headers' || !/^(?:http|ws):\/\//i.test(text)) return [];
    const host = hostOf(text);
    if (host === '' || host.includes('$') || LOOPBACK.test(host)) return [];
    return [
      {
        server,
        level: 'warning' as const,
        code: 'plain-http' as const,
        where: path.join('.'),
        message: `What it sends to ${host}, credentials too, can be read and changed on the way. Use https: or wss:.`,
      },
    ];
  });
}

function hostOf(url: string): string {
  const [, authority = ''] = /^[a-z]+:\/\/([^/?#]*)/i.exec(url) ?? [];
  const host = authority.replace(/^.*@/, '');
  return host.startsWith('[') ? host.replace(/\]:\d+$/, ']') : host.replace(/:\d+$/, '');
}

/** Names of servers that are hard to tell apart. */
function likeNames(names: readonly string[]): AuditFinding[] {
  const first = new Map<string, string>();
  return names.flatMap((name) => {
    const key = lookOf(name);
    const other = first.get(key);
    if (other === undefined) first.set(key, name);
    return other === undefined
      ? []
      : [
          {
            server: name,
            level: 'warning' as const,
            code: 'shadowed-name' as const,
            where: 'name',
            message: `Its name is hard to tell from that of server "${other}".`,
          },
        ];
  });
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'l',
  3: 'e',
  5: 's',
  i: 'l',
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  х: 'x',
  і: 'l',
};

/** A name as it looks at first sight: without case, separators, and differences between letters that look alike. */
export function lookOf(name: string): string {
  const plain = name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
  return Array.from(plain, (char) => LOOKALIKES[char] ?? char).join('');
}
