// A browser without a face: it keeps cookies, follows redirects and sends the forms of oidc-provider's test pages.
/**
 * Signs in and consents; ends where the login leads, and returns that page's text. It does not open what `stopAt` names.
 *
 * @param {URL | string} start
 * @param {{ refuse?: boolean, stopAt?: (url: URL) => boolean, user?: string }} [options]
 */
export async function visit(start, { refuse = false, stopAt = () => false, user = 'somebody' } = {}) {
  const cookies = new Map();
  /** @type {URL} */
  let url = new URL(start);
  /** @type {{ method?: string, body?: URLSearchParams }} */
  let init = {};
  for (let step = 0; step < 20; step++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', ...init, headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    const text = await response.text();
    init = {};
    if (location !== null) {
      url = new URL(location, url);
      if (stopAt(url)) return '';
      continue;
    }
    const form = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(text);
    if (form === null) return text;
    if (refuse) {
      const [, abort] = /href="([^"]+\/abort)"/.exec(text) ?? [];
      url = new URL(abort, url);
      continue;
    }
    url = new URL(form[1], url);
    const fields = [...form[2].matchAll(/<input[^>]*name="(\w+)"(?:[^>]*value="(\w*)")?/g)].map(
      ([, name, value]) => [name, value ?? user],
    );
    init = { method: 'POST', body: new URLSearchParams(fields) };
  }
  throw new Error(`The login leads nowhere: ${url.href}`);
}
