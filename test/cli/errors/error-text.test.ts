import { describe, expect, it } from 'vitest';
import type { ErrorAdvice } from '../../../src/errors/advice.ts';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import { errorText } from '../../../src/cli/errors/error-text.ts';

describe('plenum: errors of the library in the words of the command line', () => {
  it.each<[string, ErrorAdvice, string]>([
    ['a time limit', { do: 'raise', options: ['timeoutMs'] }, ' Allow more with --timeout.'],
    ['another limit', { do: 'raise', options: ['maxPages'] }, ' Allow more with "maxPages".'],
    [
      'credentials',
      { do: 'check', options: ['auth', 'headers'] },
      ' Check its "auth" and "headers", or --header for a URL here.',
    ],
    ['a server', { do: 'name-server' }, ' Name the server with --server.'],
    ['names', { do: 'use-name', names: ['a', 'b'] }, ' Did you mean "a" or "b"?'],
    ['a method, which nobody can call here', { do: 'call', method: 'reconnect' }, ''],
  ])('advice on %s', (_, advice, words) => {
    expect(errorText(new PlenumError('TIMEOUT', 'No answer.', { advice: [advice] }))).toBe(
      `No answer.${words}`,
    );
  });

  it('keeps what a process wrote at the end', () => {
    const advice: ErrorAdvice[] = [{ do: 'raise', options: ['connectTimeoutMs'] }];
    const error = new PlenumError('TIMEOUT', 'No handshake.', { advice, detail: 'The end:\nx' });
    expect(errorText(error)).toBe('No handshake. Allow more with --timeout.\nThe end:\nx');
  });

  it('a login that is missing comes with the command for it, and says where', () => {
    const data = { reason: 'login_required', issuer: 'https://auth.example/x' } as const;
    const error = new PlenumError('AUTH_REQUIRED', 'Signing in: nobody is.', {
      server: 'a b',
      data,
      advice: [{ do: 'sign-in' }],
    });
    expect(errorText(error)).toBe(
      `Server "a b" wants you to sign in at https://auth.example. Sign in with: plenum login 'a b'`,
    );
  });

  it('a login that nobody completed keeps its words, and the limit is a flag', () => {
    const error = new PlenumError('AUTH_REQUIRED', 'Nobody signed in.', {
      server: 'a',
      data: { reason: 'login_abandoned' },
      advice: [{ do: 'raise', options: ['loginTimeoutMs'] }, { do: 'sign-in' }],
    });
    expect(errorText(error, { url: 'https://x.example/mcp' })).toBe(
      'Nobody signed in. Allow more with --timeout. Sign in with: plenum login https://x.example/mcp',
    );
  });

  it('what no login can mend does not come with the command for one', () => {
    const data = { reason: 'token_refused' } as const;
    const error = new PlenumError('AUTH_REQUIRED', 'The token was refused.', { server: 'a', data });
    expect(errorText(error)).toBe('The token was refused.');
  });
});
