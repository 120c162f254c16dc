/** Everything but letters and digits of any script, and a few signs that every system allows. */
const HARMFUL = /[^\p{L}\p{M}\p{Nd}._-]+/gu;
/** Names of devices on Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Only this many characters at the end of a segment are read: more than a name may have, even if all are escaped. */
const MAX_SEGMENT = 2000;
const MAX_BYTES = 120;
const MAX_EXTENSION_BYTES = 16;
const FALLBACK = 'resource';

/**
 * Makes a file name from the end of a URI that is safe on every system: no separator, no control character, no drive,
 * no leading dot or hyphen, no trailing dot, and no device name.
 */
export function safeFileName(uri: string): string {
  const name = decoded(lastSegment(uri)).normalize('NFC').replace(HARMFUL, '_');
  const bare = withoutDotsAtEnd(name.replace(/^[._-]+/, ''));
  if (bare === '') return FALLBACK;
  return shortened(DEVICE.test(bare) ? `_${bare}` : bare);
}

/** The same name with a number before its extension. */
export function numbered(name: string, nr: number | string): string {
  const [stem, extension] = split(name);
  return `${stem}-${nr}${extension}`;
}

function lastSegment(uri: string): string {
  const [path = ''] = uri.split(/[?#]/, 1);
  let end = path.length;
  while (path[end - 1] === '/') end--;
  const start = Math.max(path.lastIndexOf('/', end - 1), path.lastIndexOf(':', end - 1)) + 1;
  return path.slice(start, Math.max(start, end)).slice(-MAX_SEGMENT);
}

/** Decodes a segment, since escapes may hide separators; an invalid escape is left as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment).split(/[/\\]/).at(-1) ?? '';
  } catch {
    return segment;
  }
}

function split(name: string): [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION_BYTES;
  return hasExtension ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
}

function shortened(name: string): string {
  const [stem, extension] = split(name);
  let kept = '';
  for (const char of stem) {
    if (Buffer.byteLength(kept + char + extension) > MAX_BYTES) break;
    kept += char;
  }
  return withoutDotsAtEnd(kept + extension);
}

function withoutDotsAtEnd(name: string): string {
  let end = name.length;
  while (name[end - 1] === '.') end--;
  return name.slice(0, end);
}
