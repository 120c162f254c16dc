import { credentialsOfUser, signsInUsers } from '../../auth/oauth.ts';
import type { LoginRedirect } from '../../auth/login/loopback-redirect.ts';
import type { ServerCredentials, UnauthorizedContext } from '../../auth/server-credentials.ts';
import type { TokenStore } from '../../auth/store/token-store.ts';
import { signInOfListing } from '../../errors/gateway.ts';
import type { ConnectionFetch, ServerAuth, UrlServerSpec } from '../../server-spec.ts';

/** A server for which each principal has tokens of its own. */
interface UserServer {
  readonly url: string;
  /** What the server's spec has as `auth`. */
  readonly auth: unknown;
  readonly listing: NonNullable<UrlServerSpec['auth']>;
  readonly credentials: Map<string, ServerCredentials>;
}

/** What a sign-in needs of whoever sends the user to it. */
export interface SignInPages {
  redirectFor(principal: string, server: string): LoginRedirect | undefined;
  onPage(principal: string, server: string, url: URL): void;
}

/** For how many principals credentials are kept in memory, for each server. The store has their tokens. */
const MAX_KEPT = 10_000;
const MAX_SINGLE = 100;
/** How long other servers have to say where their users sign in, in milliseconds. */
const DESCRIBE_MS = 3_000;

/** The tokens of each principal for the servers that want them, in one store. */
export class UserTokens {
  readonly #store: TokenStore;
  readonly #pages: SignInPages;
  /** How long a user may take, in milliseconds. */
  readonly #loginTimeoutMs: number;
  readonly #servers = new Map<string, UserServer>();
  /** Issuers at which a sign-in for several resources failed. */
  readonly #single = new Set<string>();

  constructor(store: TokenStore, loginTimeoutMs: number, pages: SignInPages) {
    this.#store = store;
    this.#loginTimeoutMs = loginTimeoutMs;
    this.#pages = pages;
  }

  add(server: string, { url, auth }: { url: string; auth: UrlServerSpec['auth'] }): void {
    // Credentials that need no user list the server; else it is listed with the first user's.
    const own = auth === undefined || signsInUsers(auth) ? undefined : auth;
    const listing = own ?? new ListingAuth(url, this.#store, (principal) => this.of(server, principal));
    this.#servers.set(server, { url, auth, listing, credentials: new Map() });
  }

  remove(server: string): void {
    this.#servers.delete(server);
  }

  get isEmpty(): boolean {
    return this.#servers.size === 0;
  }

  has(server: string): boolean {
    return this.#servers.has(server);
  }

  /** The credentials of one principal for a server. */
  of(server: string, principal: string): ServerCredentials {
    const { url, auth, credentials } = this.#server(server);
    const known = credentials.get(principal);
    if (known !== undefined) return known;
    const made = credentialsOfUser(url, auth, {
      account: principal,
      loginTimeoutMs: this.#loginTimeoutMs,
      store: this.#store,
      openRedirect: () => this.#pages.redirectFor(principal, server),
      onAuthorize: (page) => this.#pages.onPage(principal, server, page),
      siblings: {
        resourcesOf: (issuer) => this.#siblings(server, principal, issuer),
        onFailed: (issuer) => this.#askSingly(issuer),
      },
    });
    credentials.set(principal, made);
    for (const oldest of credentials.keys()) {
      if (credentials.size <= MAX_KEPT) break;
      credentials.delete(oldest);
    }
    return made;
  }

  /** A server may name ever other issuers. */
  #askSingly(issuer: string): void {
    if (this.#single.size >= MAX_SINGLE) this.#single.clear();
    this.#single.add(issuer);
  }

  /** The resources of the other servers of an issuer, as far as they say so in time. */
  async #siblings(server: string, principal: string, issuer: string): Promise<string[]> {
    if (this.#single.has(issuer)) return [];
    const others = [...this.#servers.keys()].filter((each) => each !== server);
    const asked = others.map((each) =>
      this.of(each, principal)
        .describe(DESCRIBE_MS)
        .catch(() => undefined),
    );
    const found = await Promise.all(asked);
    return found.flatMap((each) =>
      each?.resource !== undefined && withoutSlash(each.issuer) === withoutSlash(issuer)
        ? [each.resource]
        : [],
    );
  }

  /** What the session over which a server is listed shows. */
  listing(server: string): NonNullable<UrlServerSpec['auth']> {
    return this.#server(server).listing;
  }

  /** Whether a server was listed for this principal's eyes only, and not for this one's. */
  isListedForOthers(server: string, principal: string): boolean {
    const listing = this.#servers.get(server)?.listing;
    return listing instanceof ListingAuth && listing.isForOthersThan(principal);
  }

  /** Whether a server was listed with the tokens of a user. */
  isListedForUser(server: string): boolean {
    const listing = this.#servers.get(server)?.listing;
    return listing instanceof ListingAuth && listing.isForUser;
  }

  /** Whether the list of a server may depend on who has signed in. */
  mayBePersonal(server: string): boolean {
    return this.#servers.get(server)?.listing instanceof ListingAuth;
  }

  /** A principal has signed in. Returns the servers that are listed with its tokens from now on. */
  async offer(principal: string): Promise<string[]> {
    const listed: string[] = [];
    for (const [server, { listing }] of this.#servers)
      if (listing instanceof ListingAuth && (await listing.offer(principal))) listed.push(server);
    return listed;
  }

  /** Forgets the tokens of a principal, of one issuer or of all. Returns the servers that it has none for now. */
  async signOut(principal: string, issuer: string | undefined): Promise<string[]> {
    const left: string[] = [];
    for (const [server, { listing }] of this.#servers) {
      const credentials = this.of(server, principal);
      const status = await credentials.status();
      if (issuer !== undefined && status.signedIn && withoutSlash(status.issuer) !== withoutSlash(issuer))
        continue;
      if (listing instanceof ListingAuth) await listing.withdraw(principal);
      await credentials.signOut();
      left.push(server);
    }
    return left;
  }

  #server(server: string): UserServer {
    const known = this.#servers.get(server);
    if (known === undefined) throw new Error(`Users do not sign in to server "${server}".`);
    return known;
  }
}

function withoutSlash(text: string): string {
  return text.replace(/\/$/, '');
}

/**
 * The credentials with which a server is listed that cannot be listed without a user: those of the first principal that has
 * signed in. Nobody is asked to sign in for a list, and what is listed so is for that principal alone.
 */
class ListingAuth implements ServerAuth {
  readonly #url: string;
  readonly #store: TokenStore;
  readonly #credentialsOf: (principal: string) => ServerCredentials;
  #principal: string | undefined;
  #isLoaded = false;
  /** Whether the server would not have the principal's tokens. */
  #isRefused = false;
  /** Whether the server has asked for a token at all. */
  #isNeeded = false;
  /** The principals whose tokens it was listed with. */
  readonly #listedFor = new Set<string>();

  constructor(url: string, store: TokenStore, credentialsOf: (principal: string) => ServerCredentials) {
    this.#url = url;
    this.#store = store;
    this.#credentialsOf = credentialsOf;
  }

  async token(): Promise<string | undefined> {
    return (await this.#lister())?.token();
  }

  get isForUser(): boolean {
    return this.#listedFor.size > 0;
  }

  /** When it was listed for several, one after the other, nobody can tell whose list there is. */
  isForOthersThan(principal: string): boolean {
    return this.#listedFor.size > 1 || (this.#listedFor.size === 1 && !this.#listedFor.has(principal));
  }

  async onUnauthorized(context: UnauthorizedContext): Promise<void> {
    await this.#load();
    const isNews = !this.#isNeeded;
    this.#isNeeded = true;
    if (isNews && this.#principal !== undefined) return;
    const lister = await this.#lister();
    if (lister === undefined) throw signInOfListing();
    this.#isRefused = true;
    await lister.unattended().onUnauthorized?.(context);
    this.#isRefused = false;
  }

  wrapFetch(fetch: ConnectionFetch): ConnectionFetch {
    return async (url, init) => {
      const lister = await this.#lister();
      return (lister?.unattended().wrapFetch?.(fetch) ?? fetch)(url, init);
    };
  }

  /** Takes the tokens of this principal where there are no others that are good. Returns whether it does. */
  async offer(principal: string): Promise<boolean> {
    await this.#load();
    if (this.#principal !== undefined && this.#principal !== principal && !this.#isRefused) return false;
    this.#principal = principal;
    await this.#store.set(this.#key, { principal });
    return true;
  }

  /** Does without the tokens of this principal from now on. */
  async withdraw(principal: string): Promise<void> {
    await this.#load();
    if (this.#principal !== principal) return;
    this.#principal = undefined;
    await this.#store.delete(this.#key);
  }

  get #key(): string {
    return `lister ${encodeURIComponent(this.#url)}`;
  }

  async #lister(): Promise<ServerCredentials | undefined> {
    await this.#load();
    if (this.#principal === undefined || !this.#isNeeded) return undefined;
    if (this.#listedFor.size < 2) this.#listedFor.add(this.#principal);
    return this.#credentialsOf(this.#principal);
  }

  async #load(): Promise<void> {
    if (this.#isLoaded) return;
    const known = await this.#store.get(this.#key);
    this.#isLoaded = true;
    if (typeof known?.['principal'] === 'string') this.#principal ??= known['principal'];
  }
}
