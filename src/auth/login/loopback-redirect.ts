import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loopbackNotOpened } from '../../errors/auth.ts';
import { createDeferred } from '../../internal/deferred.ts';

const HOST = '127.0.0.1';
const PATH = '/callback';

/** The parameters of the redirect, and the browser's request, which waits for a page. */
export interface LoginAnswer {
  readonly params: URLSearchParams;
  /** Answers the browser with a page that says how the login ended. */
  readonly finish: (outcome: 'signed-in' | 'failed') => void;
}

/** Where the browser of one login comes back to. */
export interface LoginRedirect {
  /** The redirect URI. */
  readonly url: string;
  /** Resolves with the answer to the login with this `state`; never, if there is none. */
  answerTo(state: string): Promise<LoginAnswer>;
  /** The login is over, however it ended. */
  close(): Promise<void>;
}

/**
 * The redirect URI of one login: an HTTP server on a loopback port. It accepts one request with the login's `state`
 * and refuses all others.
 */
export class LoopbackRedirect implements LoginRedirect {
  readonly #server: Server;
  readonly #port: number;
  readonly #answer = createDeferred<LoginAnswer>();
  #state: string | undefined;
  #finish: ((outcome: LoginOutcome) => void) | undefined;

  /** Opens on `port`, or on any free one when that is 0. Rejects with `CONNECT_FAILED` when it is taken. */
  static async open(port: number): Promise<LoopbackRedirect> {
    const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 32 * 1024 });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(loopbackNotOpened(port, HOST, error.message));
      });
      server.listen({ host: HOST, port, exclusive: true }, () => resolve());
    });
    server.removeAllListeners('error');
    return new LoopbackRedirect(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    server.on('request', (request, response) => this.#handle(request, response));
    // This server does not keep the process running; the session that waits for the login does.
    server.unref();
    // An error of the server is not an error of the login, which has a time limit.
    server.on('error', () => {});
  }

  /** The redirect URI. */
  get url(): string {
    return `http://${HOST}:${this.#port}${PATH}`;
  }

  /** Resolves with the answer to the login with this `state`; never, if there is none. */
  answerTo(state: string): Promise<LoginAnswer> {
    this.#state = state;
    return this.#answer.promise;
  }

  /** Closes the port after the open requests were answered. */
  async close(): Promise<void> {
    this.#finish?.('failed');
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    // DNS rebinding: a web page can reach this port under a host name of its own.
    if (request.headers.host !== `${HOST}:${this.#port}`) return this.#reply(response, 421, 'unknown');
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname !== PATH) return this.#reply(response, 404, 'unknown');
    if (request.method !== 'GET') return this.#reply(response, 405, 'unknown');
    if (!this.#isExpected(url.searchParams)) return this.#reply(response, 400, 'unknown');
    this.#state = undefined;
    const finish = (outcome: LoginOutcome): void => {
      this.#finish = undefined;
      this.#reply(response, 200, outcome);
    };
    this.#finish = finish;
    this.#answer.resolve({ params: url.searchParams, finish });
  }

  #isExpected(params: URLSearchParams): boolean {
    const state = params.get('state');
    if (this.#state === undefined || state === null || params.getAll('state').length > 1) return false;
    const [wanted, given] = [Buffer.from(this.#state), Buffer.from(state)];
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  }

  #reply(response: ServerResponse, status: number, outcome: LoginOutcome): void {
    if (response.headersSent) return;
    response.writeHead(status, { ...PAGE_HEADERS, connection: 'close' });
    response.end(resultPage(outcome));
  }
}

/** Pages of a login are nobody else's: not cached, not framed, and where they lead learns nothing of their addresses. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** How a login ended, for the page in the browser. */
export type LoginOutcome = 'signed-in' | 'failed' | 'unknown';

const TEXTS: Readonly<Record<LoginOutcome, readonly [title: string, text: string]>> = {
  'signed-in': ['Signed in', 'You can close this page and go back to the program.'],
  failed: ['Not signed in', 'You can close this page; the program says why.'],
  unknown: [
    'Nothing to do here',
    'No login is waiting for this page. It may have been completed or cancelled.',
  ],
};

/** The page that the browser shows at the end. It contains no text from a request, so nothing can be injected. */
export function resultPage(outcome: LoginOutcome): string {
  const [title, text] = TEXTS[outcome];
  return page(title, `<p>${text}</p>`);
}

/** A small page. Neither text may hold what came with a request, unless it was escaped. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
  body { display: grid; place-content: center; min-height: 90vh; margin: 1rem; text-align: center; }
  h1 { font-size: 1.6rem; margin: 0; }
</style>
<main>
  <h1>${title}</h1>
  ${body}
</main>
`;
}
