import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** A Chromium on PATH. */
export function findChromium(): string | undefined {
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

/** A page of a browser that ends with the test. */
export async function openPage(executablePath: string): Promise<Page> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  onTestFinished(() => browser.close());
  return browser.newPage();
}

/** Signs in and consents on the test pages of `oidc-provider`; returns what the last page says. */
export async function signInOn(page: Page, url: string): Promise<string> {
  await page.goto(url);
  await page.fill('input[name="login"]', 'somebody');
  await page.fill('input[name="password"]', 'something');
  await page.click('button[type="submit"]');
  await page.waitForURL(/consent|interaction/);
  await page.click('button[type="submit"]');
  await page.waitForURL(/\/callback\?/);
  return page.innerText('main');
}
