/** How often what is encoded is decoded: a server may decode what another program decoded before. */
const MAX_DECODED = 3;

/**
 * The spellings of a URI that a server may take for the same resource: as it is, without dot segments, and with what is
 * percent-encoded decoded. A rule that denies one of them denies all.
 */
export function spellingsOf(uri: string): readonly string[] {
  const spellings = new Set<string>();
  let spelling = uri;
  for (let round = 0; round <= MAX_DECODED; round++) {
    spellings.add(spelling);
    spellings.add(normalized(spelling));
    const decoded = decode(spelling);
    if (decoded === spelling) break;
    spelling = decoded;
  }
  return [...spellings];
}

/**
 * More spellings, for rules that deny: without the fragment, an empty query and slashes at the end, which many servers do
 * not look at; without any query where files have none.
 */
export function looseSpellingsOf(uri: string): readonly string[] {
  const spellings = spellingsOf(uri);
  const loose = spellings.flatMap((spelling) => {
    const [whole = ''] = spelling.split('#', 1);
    const [path = '', query = ''] = whole.split(/\?(.*)/s, 2);
    const isOfPathOnly = query === '' || /^file:/i.test(whole);
    return isOfPathOnly ? [whole, path, path.replace(/(?<=[^/])\/+$/, '')] : [whole];
  });
  return [...new Set([...spellings, ...loose])];
}

/** Without dot segments, and with scheme and host in lower case. */
function normalized(uri: string): string {
  const { href } = URL.canParse(uri) ? new URL(uri) : { href: uri };
  const [, head = '', path = href, rest = ''] =
    /^([a-z][\w+.-]*:(?:\/\/[^/?#]*)?)([^?#]*)(.*)$/is.exec(href) ?? [];
  return head.toLowerCase() + withoutDots(path) + rest;
}

/** `URL` keeps dot segments in paths of schemes that it does not know to have any. */
function withoutDots(path: string): string {
  const kept: string[] = [];
  for (const segment of path.replaceAll('\\', '/').split('/')) {
    if (segment === '..') {
      if (kept.length > 1) kept.pop();
    } else if (segment !== '.' && !(segment === '' && kept.length > 0 && kept.at(-1) === ''))
      kept.push(segment);
  }
  return kept.join('/');
}

/** What is no UTF-8 stays as it is. */
function decode(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}
