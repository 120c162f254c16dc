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
  { from: ['serverUrl'], to: 'url' }, // Windsurf
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
  return typeof value === 'boolean' ? !value : value;
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
