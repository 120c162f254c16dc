import { describe, expect, it } from 'vitest';
import { findChromium, openPage, signInOn } from '../support/chromium.ts';
import { openWith, personWith, startProtected } from '../../support/sign-in/protected-server.ts';

describe('A3 a login in a real browser', () => {
  it('a person signs in, consents, and reads that it worked', async ({ skip }) => {
    const executablePath = findChromium();
    if (executablePath === undefined) return skip('no Chromium was found on PATH');
    const page = await openPage(executablePath);
    const server = await startProtected();
    let lastPage: Promise<string> = Promise.resolve('');
    const { auth } = personWith({
      onAuthorize: (url) => {
        lastPage = signInOn(page, url.href);
      },
    });
    const session = await openWith(server.url, auth);
    expect(await session.callTool('read')).toMatchObject({ content: [{ type: 'text', text: 'read' }] });
    expect(await lastPage).toContain('Signed in');
    expect(server.authorizationServer.grants).toEqual(['authorization_code']);
  });
});
