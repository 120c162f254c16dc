import { access, chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBrowser } from '../../../src/auth/login/login.ts';
import { newFolder } from '../../support/folders.ts';

describe('A3 the browser of this machine', () => {
  it.runIf(process.platform === 'linux')('gets the URL as one argument, whatever is in it', async () => {
    const folder = newFolder();
    const browser = join(folder, 'browser');
    const seen = join(folder, 'seen');
    await writeFile(
      browser,
      `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > ${seen}.part && mv ${seen}.part ${seen}\n`,
    );
    await chmod(browser, 0o755);
    const before = process.env['BROWSER'];
    onTestFinished(() => {
      if (before === undefined) delete process.env['BROWSER'];
      else process.env['BROWSER'] = before;
    });
    process.env['BROWSER'] = browser;

    const url = new URL('https://login.example.com/?a=$(touch pwned)&b=`id`;c=|&&d=%22%27&e=--version');
    await openBrowser(url);
    await expect
      .poll(() =>
        access(seen).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    expect(await readFile(seen, 'utf8')).toBe(`1\n${url.href}\n`);
  });
});
