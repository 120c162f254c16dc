import { OAuthError } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { authFailure } from '../../src/auth/auth-failure.ts';
import { PlenumError } from '../../src/errors/plenum-error.ts';

const target = { server: new URL('https://mcp.example.com'), resource: 'https://mcp.example.com/' };

describe('why a sign-in failed', () => {
  it('is what an error of ours says, however deep it lies', () => {
    const ours = new PlenumError('CONNECT_FAILED', 'the store is broken');
    const wrapped = new Error('outer', { cause: new Error('inner', { cause: ours }) });
    expect(authFailure(wrapped, target, [])).toBe(ours);
  });

  it('is told also when an error is its own cause', () => {
    const error = new Error('the store is broken');
    error.cause = error;
    expect(authFailure(error, target, [])).toMatchObject({
      code: 'AUTH_REQUIRED',
      message: expect.stringContaining('the store is broken'),
    });
  });

  it('shows no part of a secret that an answer repeats where its text is cut', () => {
    const secret = 'shh-0123456789-0123456789';
    const error = new OAuthError('invalid_grant', `${'x'.repeat(290)}${secret}`);
    const { message } = authFailure(error, target, [secret]);
    expect(message).toContain('holds a secret');
    expect(message).not.toContain('shh-');
  });
});
