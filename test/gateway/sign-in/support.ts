import { onTestFinished } from 'vitest';
import { startAuthorizationServer } from '../../support/sign-in/authorization-server.mjs';
import { visit } from '../../support/sign-in/browser.mjs';
import { startResourceServer } from '../../support/sign-in/resource-server.ts';

/** Two servers of one issuer. */
export async function twoOfOneIssuer() {
  const authorizationServer = await startAuthorizationServer();
  onTestFinished(() => authorizationServer.stop());
  const { issuer } = authorizationServer;
  const [one, other] = [await startResourceServer({ issuer }), await startResourceServer({ issuer })];
  const servers = {
    one: { url: one.url, upstreamAuth: 'user' as const },
    other: { url: other.url, upstreamAuth: 'user' as const },
  };
  return { authorizationServer, one, other, servers };
}

/** A browser that keeps its cookies for the gateway. */
export class Browser {
  readonly cookies = new Map<string, string>();

  async get(url: string | URL): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.cookies.set(name, value);
    }
    return response;
  }

  /** Goes past the page that asks, to the authorization server. */
  async leave(url: string): Promise<string> {
    const page = await this.get(url);
    const [, go = ''] = /href="([^"]+)"/.exec(await page.text()) ?? [];
    const redirect = await this.get(new URL(go, url));
    const location = redirect.headers.get('location');
    if (location === null) throw new Error(`The page does not lead on: ${page.status}, ${redirect.status}.`);
    return location;
  }

  /** Signs in, and returns the text of the last page. */
  async signIn(url: string, user?: string): Promise<string> {
    const back = await visitUntil(await this.leave(url), new URL(url).origin, user);
    return (await this.get(back)).text();
  }
}

/** Signs in at an authorization server; returns the address that it sends the browser back to. */
export async function visitUntil(start: string, origin: string, user?: string): Promise<string> {
  let found = '';
  await visit(start, {
    ...(user !== undefined && { user }),
    stopAt: (url: URL) => {
      if (url.origin !== origin || !url.pathname.endsWith('/callback')) return false;
      found = url.href;
      return true;
    },
  });
  return found;
}
