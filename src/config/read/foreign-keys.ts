import { distance } from 'fastest-levenshtein';
import { isRecord } from '../../internal/checks.ts';

/** Another program's key for an option that Plenum has, too. */
interface Spelling {
  /** The key, and the key inside its value. */
  readonly from: readonly [string] | readonly [string, string];
  readonly to: string;
  readonly convert?: (value: unknown) => unknown;
}

/** When several keys set the same option, the first in this list wins; Plenum's own key wins over all. */
export const SPELLINGS: readonly Spelling[] = [
  { from: ['transport'], to: 'type' },
  { from: ['transportType'], to: 'type' },
  { from: ['environment'], to: 'env' }, // opencode
  { from: ['serverUrl'], to: 'url' }, // Windsurf
  { from: ['baseUrl'], to: 'url' },
  { from: ['httpUrl'], to: 'url' }, // Gemini CLI
  { from: ['requestInit', 'headers'], to: 'headers' }, // the options of the official SDK
  { from: ['http_headers'], to: 'headers' },
  { from: ['httpHeaders'], to: 'headers' },
  { from: ['isActive'], to: 'disabled', convert: negate },
  { from: ['enabled'], to: 'disabled', convert: negate }, // Zed
  { from: ['disabledTools'], to: 'deny', convert: toGlobs }, // Windsurf, Roo Code
  { from: ['excludeTools'], to: 'deny', convert: toGlobs }, // Gemini CLI
  { from: ['includeTools'], to: 'allow', convert: toGlobs },
  { from: ['enabledTools'], to: 'allow', convert: toGlobs },
  { from: ['enabled_tools'], to: 'allow', convert: toGlobs }, // Codex
  { from: ['disabled_tools'], to: 'deny', convert: toGlobs },
  { from: ['tools'], to: 'allow' }, // Copilot; ["*"] is all of them
  { from: ['timeout'], to: 'timeoutMs', convert: toMilliseconds },
];

/** Keys of editors that have no effect on the connection: approvals, display names, notes. */
export const IGNORED_KEYS: ReadonlySet<string> = new Set(
  (
    'alwaysAllow autoApprove autoApproved trust alwaysLoad id name title description icon icons version gallery ' +
    'source provider tags dev watchPaths settings extensionName requestInit eventSourceInit notes comment ' +
    '_comment $comment //'
  ).split(' '),
);

/** Keys of editors that Plenum does not support. They are warned about, because a user may rely on them. */
export const UNSUPPORTED_KEYS: ReadonlyMap<string, string> = new Map([
  ['sandbox', 'Plenum does not confine servers: this one runs with your own rights'],
  ['sandboxEnabled', 'Plenum does not confine servers: this one runs with your own rights'],
  ['headersHelper', 'nothing is run to get a value; give "headers", with ${VAR} where needed'],
  ['oauth', 'OAuth settings of editors are not read'],
  ['authProviderType', 'OAuth settings of editors are not read'],
]);

/** A timeout up to this number is in seconds (Cline, Roo Code), above it in milliseconds (Claude Code, Gemini CLI). */
const LONGEST_IN_SECONDS = 3_600;

function toMilliseconds(value: unknown): unknown {
  return typeof value === 'number' && value <= LONGEST_IN_SECONDS ? value * 1_000 : value;
}

function negate(value: unknown): unknown {
  const flag = flagOf(value);
  return typeof flag === 'boolean' ? !flag : value;
}

/** What stands for `true` and `false` in files that were written by hand or generated. */
export function flagOf(value: unknown): unknown {
  if (value === 1 || (typeof value === 'string' && /^\s*true\s*$/i.test(value))) return true;
  return value === 0 || (typeof value === 'string' && /^\s*false\s*$/i.test(value)) ? false : value;
}

const TRANSPORT_WORDS: ReadonlyMap<string, string> = new Map([
  ['stdio', 'stdio'],
  ['local', 'stdio'], // opencode, Copilot
  ['process', 'stdio'],
  ['http', 'http'],
  ['https', 'http'],
  ['streamablehttp', 'http'],
  ['streamable', 'http'],
  ['httpstream', 'http'],
  ['sse', 'sse'],
  ['httpsse', 'sse'],
  ['ws', 'websocket'],
  ['wss', 'websocket'],
  ['websocket', 'websocket'],
  ['remote', 'remote'], // opencode: either of the HTTP transports
]);

/** Plenum's word for a transport, `remote` for any behind a URL; undefined for a word that nobody uses. */
export function transportWord(word: string): string | undefined {
  return TRANSPORT_WORDS.get(word.trim().toLowerCase().replace(/[-_ ]/g, ''));
}

/** The keys that choose among a server's tools. */
const FILTERS: readonly string[] = [
  'allow',
  'deny',
  ...SPELLINGS.filter(({ to }) => to === 'allow' || to === 'deny').map(({ from: [key] }) => key),
];

export function isFilter(key: string): boolean {
  return FILTERS.includes(key);
}

const LIKE_ALLOW =
  /^((allow|permit|include|whitelist|enable|expose)(ed|d|s)?|only)(list|tools?|toolnames?)?$/;
const LIKE_DENY =
  /^(deny|denie|forbid|forbidden|block|exclude|blacklist|disable|hide|hidden)(ed|d|s)?(list|tools?|toolnames?)?$/;
const TOOLS_FIRST = /^tools?(allow|include|whitelist|filter|deny|block|exclude|blacklist)(ed|d|s|list)?$/;

/**
 * The filter that an unknown key was probably to be. A filter that is passed over offers every tool, so this is more
 * than a warning.
 */
export function meantFilter(key: string, value: unknown): string | undefined {
  const isChoice = typeof value === 'object' || typeof flagOf(value) === 'string';
  if (value === null || !isChoice) return undefined;
  const plain = key.trim().toLowerCase().replace(/[-_ ]/g, '');
  if (LIKE_ALLOW.test(plain)) return 'allow';
  if (LIKE_DENY.test(plain)) return 'deny';
  const [, toolsAnd] = TOOLS_FIRST.exec(plain) ?? [];
  if (toolsAnd !== undefined) return /^(allow|incl|white|filter)/.test(toolsAnd) ? 'allow' : 'deny';
  return FILTERS.find((filter) => isNear(plain, filter.toLowerCase().replace('_', '')));
}

function lettersOf(word: string): string {
  return Array.from(word).toSorted().join('');
}

/** Whether two words differ by a letter, or by the order of their letters; longer ones may differ by two. */
function isNear(word: string, other: string): boolean {
  if (distance(word, other) <= (other.length > 8 ? 2 : 1)) return true;
  return word.length === other.length && lettersOf(word) === lettersOf(other);
}

/** Editors list names, where Plenum has globs. */
function toGlobs(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((name: unknown) =>
    typeof name === 'string' ? name.replace(/[\\*?[\]{}()!+@|]/g, '\\$&') : name,
  );
}

/** The value of a key of another program. */
export function spelledIn(server: Readonly<Record<string, unknown>>, { from }: Spelling): unknown {
  const [key, inner] = from;
  const value = Object.hasOwn(server, key) ? server[key] : undefined;
  if (inner === undefined) return value;
  return isRecord(value) && Object.hasOwn(value, inner) ? value[inner] : undefined;
}
