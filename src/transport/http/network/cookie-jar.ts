/** How many cookies are kept, and how many bytes their names and values may have together; the oldest go first. */
const MAX_COOKIES = 50;
const MAX_BYTES = 8_192;
/** What a header can carry. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]+$/;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** In epoch milliseconds; `Infinity` for one that lasts as long as the connection. */
  readonly expiresAt: number;
}

/**
 * The cookies that one server gave one connection: some load balancers find a session by them. They go back to the origin
 * they came from and nowhere else, as RFC 6265 says, and end with the connection.
 */
export class CookieJar {
  readonly #url: URL;
  /** By name and path; the oldest first. */
  readonly #cookies = new Map<string, Cookie>();
  /** The `Cookie` header of a request to the server's own URL; empty while there is none. Read with every call. */
  header = '';

  /** `url` is the server's. */
  constructor(url: URL) {
    this.#url = url;
  }

  /** Takes the `Set-Cookie` headers of an answer from `url`. Those of another origin are left alone. */
  store(lines: readonly string[], url: URL): void {
    if (lines.length === 0 || url.origin !== this.#url.origin) return;
    for (const line of lines) this.#store(line, url);
    this.#bound();
    this.header = this.headerFor(this.#url);
  }

  /** The `Cookie` header of a request to `url`; empty when there is none. */
  headerFor(url: URL): string {
    if (url.origin !== this.#url.origin) return '';
    return [...this.#cookies.values()]
      .filter(({ path }) => isWithin(url.pathname, path))
      .toSorted((a, b) => b.path.length - a.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  dropExpired(): void {
    const now = Date.now();
    const before = this.#cookies.size;
    for (const [key, { expiresAt }] of this.#cookies) if (expiresAt <= now) this.#cookies.delete(key);
    if (this.#cookies.size < before) this.header = this.headerFor(this.#url);
  }

  #store(line: string, url: URL): void {
    const [pair = '', ...rest] = line.split(';');
    const [name, value] = splitAt(pair, '=');
    if (name === '' || !SENDABLE.test(`${name}=${value}`)) return;
    // As in RFC 6265, the last attribute of a name counts.
    const attributes = new Map(
      rest.map((each) => splitAt(each, '=')).map(([key, given]) => [key.toLowerCase(), given]),
    );
    if (!isForHost(attributes.get('domain') ?? '', url.hostname)) return;
    if (attributes.has('secure') && !isSecure(url)) return;
    const given = attributes.get('path') ?? '';
    const path = given.startsWith('/') ? given : defaultPath(url.pathname);
    if (!hasHonestPrefix(name, attributes, path)) return;
    const expiresAt = expiryOf(attributes);
    const key = `${name};${path}`;
    this.#cookies.delete(key);
    if (expiresAt > Date.now()) this.#cookies.set(key, { name, value, path, expiresAt });
  }

  #bound(): void {
    let bytes = 0;
    for (const { name, value } of this.#cookies.values()) bytes += name.length + value.length;
    for (const [key, { name, value }] of this.#cookies) {
      if (this.#cookies.size <= MAX_COOKIES && bytes <= MAX_BYTES) return;
      this.#cookies.delete(key);
      bytes -= name.length + value.length;
    }
  }
}

/** A `Cookie` header with those of the jar after the caller's own, which win. */
export function mergeCookies(own: string | null, jar: string): string {
  if (own === null || own.trim() === '') return jar;
  const names = new Set(own.split(';').map((pair) => splitAt(pair, '=')[0]));
  const others = jar.split('; ').filter((pair) => pair !== '' && !names.has(splitAt(pair, '=')[0]));
  return [own, ...others].join('; ');
}

function splitAt(text: string, sign: string): [before: string, after: string] {
  const at = text.indexOf(sign);
  return at === -1 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** Whether a cookie with this domain may come from this host. */
function isForHost(domain: string, host: string): boolean {
  const wanted = domain.toLowerCase().replace(/^\./, '');
  return wanted === '' || wanted === host || (host.endsWith(`.${wanted}`) && !isAddress(host));
}

/** What is sent to this machine goes over no network: browsers take these cookies from it, too. */
function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
}

function isAddress(host: string): boolean {
  return host.startsWith('[') || /^[\d.]+$/.test(host);
}

function defaultPath(pathname: string): string {
  const end = pathname.lastIndexOf('/');
  return end <= 0 ? '/' : pathname.slice(0, end);
}

function isWithin(pathname: string, path: string): boolean {
  return pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`);
}

/** Whether a cookie keeps what the prefix of its name promises. */
function hasHonestPrefix(name: string, attributes: ReadonlyMap<string, string>, path: string): boolean {
  if (/^__secure-/i.test(name)) return attributes.has('secure');
  if (!/^__host-/i.test(name)) return true;
  return attributes.has('secure') && path === '/' && (attributes.get('domain') ?? '') === '';
}

function expiryOf(attributes: ReadonlyMap<string, string>): number {
  const maxAge = attributes.get('max-age') ?? '';
  if (/^-?\d+$/.test(maxAge)) return Number(maxAge) <= 0 ? 0 : Date.now() + Number(maxAge) * 1_000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? Infinity : expires;
}
