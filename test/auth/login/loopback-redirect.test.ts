import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LoopbackRedirect } from '../../../src/auth/login/loopback-redirect.ts';
import { failureOf } from '../../support/failures.ts';

async function open(port = 0): Promise<LoopbackRedirect> {
  const redirect = await LoopbackRedirect.open(port);
  onTestFinished(() => redirect.close());
  return redirect;
}

describe('A3 the address that the browser comes back to', () => {
  it('is on 127.0.0.1, at the wanted port', async () => {
    const first = await open();
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
    const port = Number(new URL(first.url).port);
    expect((await failureOf(open(port))).code).toBe('CONNECT_FAILED');
    await first.close();
    expect((await open(port)).url).toBe(first.url);
  });

  it('takes the answer with the right state, once, and says how it ended', async () => {
    const redirect = await open();
    const answer = redirect.answerTo('right');
    const page = fetch(`${redirect.url}?code=c&state=right&iss=i`);
    const { params, finish } = await answer;
    expect(Object.fromEntries(params)).toEqual({ code: 'c', state: 'right', iss: 'i' });
    finish('signed-in');
    const response = await page;
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toContain('Signed in');
    expect((await fetch(`${redirect.url}?code=c&state=right`)).status).toBe(400);
  });

  it('says that it failed when it is closed before', async () => {
    const redirect = await open();
    const answer = redirect.answerTo('right');
    const page = fetch(`${redirect.url}?code=c&state=right`);
    await answer;
    await redirect.close();
    expect(await (await page).text()).toContain('Not signed in');
  });

  it.each([
    ['another state', '?code=c&state=wrong', 'GET', 400],
    ['no state', '?code=c', 'GET', 400],
    ['two states', '?code=c&state=right&state=right', 'GET', 400],
    ['a form', '?code=c&state=right', 'POST', 405],
  ])('turns away %s', async (_, query, method, status) => {
    const redirect = await open();
    let taken = false;
    void redirect.answerTo('right').then(() => (taken = true));
    const response = await fetch(`${redirect.url}${query}`, { method });
    expect(response.status).toBe(status);
    const page = await response.text();
    expect(page).toContain('Nothing to do here');
    expect(taken).toBe(false);
  });

  it('turns away another path, and whoever calls it by another host name', async () => {
    const redirect = await open();
    void redirect.answerTo('right');
    expect((await fetch(new URL('/favicon.ico', redirect.url))).status).toBe(404);
    const status = await new Promise((resolve, reject) => {
      const url = new URL('?code=c&state=right', redirect.url);
      const asking = request(url, { headers: { host: 'rebound.example.com' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asking.on('error', reject);
      asking.end();
    });
    expect(status).toBe(421);
  });
});
