import { SHORT_HASH_LENGTH, shortHash } from '../../internal/short-hash.ts';

/** What every LLM provider accepts as a tool's name: `^[a-zA-Z0-9_-]{1,64}$`. */
const MAX_LENGTH = 64;
const SEPARATOR = '__';
const LEGAL = /^[a-zA-Z0-9_-]+$/;

/** When a name is too long, a server's part of at most this length stays whole, and the tool's part is cut. */
const ROOMY_SERVER = 40;
/** The length to which a longer server's part is cut. */
const CUT_SERVER = 31;

/**
 * `server__tool`: valid for every LLM provider and never the same for two tools, whatever the order in which
 * servers come.
 *
 * The first `__` is the separator, as the server's part has no `__` and does not end in `_`. A part that must be changed
 * gets a hash of the original, so that the result depends on these two names only.
 */
export function prefixedName(server: string, upstreamName: string): string {
  let left = isPlainServer(server) ? server : shorten(server.replace(/_+/g, '_'), server, ROOMY_SERVER);
  if (left.length > ROOMY_SERVER && left.length + SEPARATOR.length + upstreamName.length > MAX_LENGTH) {
    left = shorten(server, server, CUT_SERVER);
  }
  const room = MAX_LENGTH - SEPARATOR.length - left.length;
  const fits = LEGAL.test(upstreamName) && upstreamName.length <= room;
  return left + SEPARATOR + (fits ? upstreamName : shorten(upstreamName, upstreamName, room));
}

/**
 * What the exposed names of a server's tools and prompts may begin with, up to the separator: a long server's part is cut
 * shorter when the tool's name is long, too.
 */
export function prefixesOf(server: string): ReadonlySet<string> {
  return new Set([prefixedName(server, 'x'), prefixedName(server, 'x'.repeat(MAX_LENGTH))].map(prefixIn));
}

/** The part of an exposed name that stands for its server, if the name is a prefixed one. */
export function prefixIn(name: string): string {
  return name.split(SEPARATOR, 1)[0] ?? '';
}

function isPlainServer(server: string): boolean {
  return (
    LEGAL.test(server) && !server.includes(SEPARATOR) && !server.endsWith('_') && server.length <= MAX_LENGTH
  );
}

/** `text` made legal and cut so that, with `_` and the hash of `original`, it has at most `room` characters. */
function shorten(text: string, original: string, room: number): string {
  const legal = text
    .replace(/[^a-zA-Z0-9_-]/g, '_')
    .replace(/_{2,}/g, '_')
    .slice(0, room - SHORT_HASH_LENGTH - 1)
    .replace(/_+$/, '');
  return `${legal}_${shortHash(original)}`;
}
