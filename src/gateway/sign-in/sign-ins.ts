import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  page,
  PAGE_HEADERS,
  resultPage,
  type LoginAnswer,
  type LoginOutcome,
  type LoginRedirect,
} from '../../auth/login/loopback-redirect.ts';
import type { TokenStore } from '../../auth/store/token-store.ts';
import { signInAbandoned } from '../../errors/gateway.ts';
import { createDeferred, type Deferred } from '../../internal/deferred.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { Identity } from '../identity/identity.ts';
import { UserTokens } from './user-tokens.ts';

/** A sign-in that a user is sent to. */
export interface NeededSignIn {
  readonly id: string;
  readonly server: string;
  /** The page that the user is to open. */
  readonly url: string;
  /** Resolves when it is over, with whether the user has signed in. Never rejects. */
  readonly done: Promise<boolean>;
}

/** How users sign in to servers. */
export interface SignInOptions {
  /** Who the user of a browser is, where that is known; undefined when nobody can tell. */
  readonly identify?: ((request: Request) => unknown) | undefined;
  readonly timeoutMs: number;
  readonly max: number;
  readonly store: TokenStore;
  /** Whether every client is the one user of this machine. */
  readonly isLocal: boolean;
  /** Called when a principal has signed in, with servers that can be listed from now on. */
  readonly onSignedIn: (principal: string, listable: readonly string[]) => void;
}

interface Pending {
  readonly id: string;
  readonly identity: Identity;
  readonly server: string;
  /** The endpoint as the client knows it; undefined when the gateway has no page of its own. */
  readonly base: string | undefined;
  readonly done: Deferred<boolean>;
  readonly page: Deferred<URL>;
  readonly answered: Deferred<LoginAnswer>;
  /** The browser that has begun to sign in, by its cookie. */
  browser: string | undefined;
  isStarted: boolean;
  state: string | undefined;
  finish: ((outcome: LoginOutcome) => void) | undefined;
  stopTimer: StopTimer;
}

const PATH = /\/sign-in\/(callback|[\w-]{32})$/;
const CALLBACK = 'callback';

/** Whether a request is for a page of a sign-in, of the endpoint at any path. */
export function isSignInRequest(method: string | undefined, pathname: string): boolean {
  return method === 'GET' && PATH.test(pathname);
}

/**
 * The sign-ins of users to servers. A user is sent to a page of the gateway's, which leads on to the authorization server;
 * the tokens are bound to the principal that the page was made for. So that nobody signs in for somebody else unaware: the
 * page says for whom it is, unless it is known who uses the browser; and only the browser that went on from there can come
 * back from the authorization server.
 */
export class SignIns {
  readonly tokens: UserTokens;
  readonly #options: SignInOptions;
  readonly #key = randomBytes(32);
  /** By principal and server. */
  readonly #pending = new Map<string, Pending>();

  constructor(options: SignInOptions) {
    this.#options = options;
    this.tokens = new UserTokens(options.store, options.timeoutMs, {
      redirectFor: (principal, server) => this.#redirectFor(this.#pending.get(keyOf(principal, server))),
      onPage: (principal, server, url) => this.#pending.get(keyOf(principal, server))?.page.resolve(url),
    });
  }

  /**
   * The sign-in of a principal to a server: the one that it was sent to already, or a new one. Undefined when too many are
   * open, or when no page of it can be made.
   */
  async need(
    identity: Identity,
    server: string,
    base: string | undefined,
  ): Promise<NeededSignIn | undefined> {
    const pending =
      this.#pending.get(keyOf(identity.principal, server)) ?? this.#begin(identity, server, base);
    if (pending === undefined) return undefined;
    const { id } = pending;
    const done = pending.done.promise;
    if (pending.base !== undefined) return { id, server, url: `${pending.base}/sign-in/${id}`, done };
    const opened = await this.#start(pending);
    return opened && { id, server, url: opened.href, done };
  }

  /** The sign-in of this id that this principal was sent to, if it is not over. */
  open(id: string, principal: string): Promise<boolean> | undefined {
    const pending = this.#byId(id);
    return pending?.identity.principal === principal ? pending.done.promise : undefined;
  }

  /** Answers the browser of a user. */
  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, id = ''] = PATH.exec(url.pathname) ?? [];
    return id === CALLBACK ? this.#comeBack(request, url) : this.#leave(request, url, id);
  }

  /** Ends all that are open. */
  close(): void {
    for (const pending of this.#pending.values()) this.#end(pending, false);
  }

  #begin(identity: Identity, server: string, base: string | undefined): Pending | undefined {
    const { principal } = identity;
    const { max, timeoutMs } = this.#options;
    if (this.#pending.size >= max) return undefined;
    const pending: Pending = {
      id: randomBytes(24).toString('base64url'),
      identity,
      server,
      base,
      done: createDeferred(),
      page: createDeferred(),
      answered: createDeferred(),
      browser: undefined,
      isStarted: false,
      state: undefined,
      finish: undefined,
      stopTimer: startTimer(timeoutMs, () => this.#end(pending, false)),
    };
    pending.answered.promise.catch(() => {}); // It may end before anybody waits for it.
    this.#pending.set(keyOf(principal, server), pending);
    return pending;
  }

  /** Asks the authorization server for its page; undefined when there is none, and the sign-in is over then. */
  async #start(pending: Pending): Promise<URL | undefined> {
    const { identity, server } = pending;
    if (!pending.isStarted) {
      pending.isStarted = true;
      const authorizing = this.tokens.of(server, identity.principal).authorize({ ifNeeded: true });
      authorizing.then(
        () => {
          this.#end(pending, true);
          void this.#list(identity.principal);
        },
        () => this.#end(pending, false),
      );
    }
    return Promise.race([pending.page.promise, pending.done.promise.then(() => undefined)]);
  }

  /** Servers that nobody could list may be listed with the tokens of this principal. */
  async #list(principal: string): Promise<void> {
    let listable: string[] = [];
    try {
      listable = await this.tokens.offer(principal);
    } catch {
      // The store cannot be written now: the next sign-in tries again.
    }
    this.#options.onSignedIn(principal, listable);
  }

  /** A user opens the page of a sign-in. */
  async #leave(request: Request, url: URL, id: string): Promise<Response> {
    const pending = this.#byId(id);
    if (pending?.base === undefined) return pageOf(404, 'unknown');
    const { identity, server, base } = pending;
    const known = await this.#isUser(request, identity);
    if (known === false) return pageOf(403, 'unknown');
    const cookie = cookieOf(request, pending);
    const go = url.searchParams.get('go');
    const mayGo =
      known === true || (cookie !== undefined && go !== null && isSame(go, this.#proof(id, cookie)));
    if (!mayGo) {
      // The link is good in this browser only: nobody can send somebody else past this page.
      const browser = cookie ?? randomBytes(24).toString('base64url');
      const body = question(server, identity, `?go=${this.#proof(id, browser)}`);
      const headers = { ...PAGE_HEADERS, 'set-cookie': setCookie(pending, base, browser) };
      return new Response(page('Sign in', body), { headers });
    }
    const browser = cookie ?? randomBytes(24).toString('base64url');
    pending.browser ??= browser;
    if (!isSame(pending.browser, browser)) return pageOf(403, 'unknown');
    const next = await this.#start(pending);
    if (next === undefined) return pageOf(200, (await pending.done.promise) ? 'signed-in' : 'failed');
    const { 'content-type': _, ...headers } = PAGE_HEADERS;
    const set = { 'set-cookie': setCookie(pending, base, browser) };
    return new Response(null, { status: 302, headers: { ...headers, ...set, location: next.href } });
  }

  /** The authorization server has sent a user back. */
  async #comeBack(request: Request, url: URL): Promise<Response> {
    const states = url.searchParams.getAll('state');
    const [state] = states;
    if (state === undefined || states.length > 1) return pageOf(400, 'unknown');
    const pending = [...this.#pending.values()].find(
      (each) => each.state !== undefined && isSame(each.state, state),
    );
    if (pending === undefined) return pageOf(400, 'unknown');
    const cookie = cookieOf(request, pending);
    const isBrowser =
      cookie !== undefined && pending.browser !== undefined && isSame(cookie, pending.browser);
    if (!isBrowser || (await this.#isUser(request, pending.identity)) === false)
      return pageOf(403, 'unknown');
    // It may have come twice at once.
    if (pending.state === undefined) return pageOf(400, 'unknown');
    pending.state = undefined;
    const outcome = createDeferred<LoginOutcome>();
    const finish = (came: LoginOutcome): void => outcome.resolve(came);
    pending.finish = finish;
    pending.answered.resolve({ params: url.searchParams, finish });
    return pageOf(200, await outcome.promise);
  }

  /** Whether the user of a browser is this principal; undefined when that is not known. */
  async #isUser(request: Request, { principal }: Identity): Promise<boolean | undefined> {
    const { identify, isLocal } = this.#options;
    if (identify === undefined) return isLocal ? true : undefined;
    try {
      return (await identify(request)) === principal;
    } catch {
      return false;
    }
  }

  #redirectFor(pending: Pending | undefined): LoginRedirect | undefined {
    if (pending?.base === undefined) return undefined;
    return {
      url: `${pending.base}/sign-in/${CALLBACK}`,
      answerTo: (state) => {
        pending.state = state;
        return pending.answered.promise;
      },
      close: async () => pending.finish?.('failed'),
    };
  }

  #end(pending: Pending, isSignedIn: boolean): void {
    pending.stopTimer();
    const key = keyOf(pending.identity.principal, pending.server);
    if (this.#pending.get(key) === pending) this.#pending.delete(key);
    pending.state = undefined;
    pending.finish?.(isSignedIn ? 'signed-in' : 'failed');
    pending.done.resolve(isSignedIn);
    // A login that goes on ends with it.
    pending.answered.reject(signInAbandoned(pending.server));
  }

  #byId(id: string): Pending | undefined {
    return [...this.#pending.values()].find((each) => isSame(each.id, id));
  }

  #proof(id: string, browser: string): string {
    return createHmac('sha256', this.#key).update(`${id} ${browser}`).digest('base64url');
  }
}

function keyOf(principal: string, server: string): string {
  return `${server}\n${principal}`;
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function pageOf(status: number, outcome: LoginOutcome): Response {
  return new Response(resultPage(outcome), { status, headers: PAGE_HEADERS });
}

/** Several sign-ins of one browser have a cookie each. */
function cookieName({ id }: Pending): string {
  return `plenum-sign-in-${id.slice(0, 8)}`;
}

function cookieOf(request: Request, pending: Pending): string | undefined {
  const wanted = `${cookieName(pending)}=`;
  const cookies = (request.headers.get('cookie') ?? '').split(';').map((each) => each.trim());
  return cookies.find((each) => each.startsWith(wanted))?.slice(wanted.length);
}

/** `Lax`: the browser comes back from another site. */
function setCookie(pending: Pending, base: string, value: string): string {
  const { protocol, pathname } = new URL(`${base}/sign-in/`);
  const secure = protocol === 'https:' ? '; Secure' : '';
  return `${cookieName(pending)}=${value}; Path=${pathname}; Max-Age=3600; HttpOnly; SameSite=Lax${secure}`;
}

function question(server: string, { principal, key }: Identity, go: string): string {
  const [where, who] = [escaped(server), escaped(key === undefined ? principal : `${key} (${principal})`)];
  return `<p>This lets <b>${who}</b> use the server <b>${where}</b> in your name.</p>
  <p>Go on only if this is you, and you have just asked for it.</p>
  <p><a href="${go}" rel="noreferrer">Sign in to ${where}</a></p>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (each) => `&#${each.charCodeAt(0)};`);
}
