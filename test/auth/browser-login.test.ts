import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openWith, personWith, startProtected } from './support/protected-server.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium on PATH. */
function findChromium(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

describe('A3 a login in a real browser', () => {
  test('a person signs in, consents, and reads that it worked', { timeout: 120_000 }, async ({ skip }) => {
    const executablePath = findChromium();
    if (executablePath === undefined) return skip('no Chromium was found on PATH');
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    onTestFinished(() => browser.close());
    const page = await browser.newPage();

    const server = await startProtected();
    let lastPage: Promise<string> = Promise.resolve('');
    const { auth } = personWith({
      onAuthorize: async (url) => {
        await page.goto(url.href);
        await page.fill('input[name="login"]', 'somebody');
        await page.fill('input[name="password"]', 'something');
        await page.click('button[type="submit"]');
        await page.waitForURL(/consent|interaction/);
        await page.click('button[type="submit"]');
        lastPage = page.waitForURL(/\/callback\?/).then(() => page.innerText('main'));
      },
    });
    const session = await openWith(server.url, auth, { connectTimeoutMs: 100_000 });
    expect(await session.callTool('read')).toMatchObject({ content: [{ type: 'text', text: 'read' }] });
    expect(await lastPage).toContain('Signed in');
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });
});
