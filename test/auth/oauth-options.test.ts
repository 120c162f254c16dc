import { describe, expect, it } from 'vitest';
import { enterpriseAssertion, oauth, type OAuthOptions } from '../../src/auth/index.ts';
import { PlenumError } from '../../src/index.ts';

function refusal(make: () => unknown): PlenumError {
  try {
    make();
  } catch (error) {
    if (error instanceof PlenumError) return error;
  }
  throw new Error('expected a PlenumError');
}

const key = { key: '-----BEGIN PRIVATE KEY-----', algorithm: 'ES256' };
const assertion = () => 'jwt';

describe('A2 options that do not fit', () => {
  it.each<[string, OAuthOptions]>([
    ['clientId', { clientSecret: 's3cret' }],
    ['clientId', { privateKey: key }],
    ['clientSecret', { clientId: 'x', clientSecret: 's3cret', privateKey: key }],
    ['client_credentials', { grant: 'client_credentials', clientId: 'x' }],
    ['assertion', { grant: 'jwt_bearer', clientId: 'x' }],
    ['assertion', { assertion }],
    ['clientId', { grant: 'jwt_bearer', assertion }],
    ['clientMetadataUrl', { clientMetadataUrl: 'http://example.com/client.json' }],
    ['clientMetadataUrl', { clientMetadataUrl: 'https://example.com/' }],
    ['issuer', { issuer: 'login.example.com' }],
    ['loginTimeoutMs', { loginTimeoutMs: -1 }],
    ['redirectPort', { redirectPort: 0.5 }],
  ])('%s is named in the message', (name, options) => {
    const error = refusal(() => oauth(options));
    expect([error.code, error.message]).toEqual(['CONFIG_INVALID', expect.stringContaining(name)]);
    expect(error.message).not.toContain('s3cret');
  });

  it('a server that is none', () => {
    expect(refusal(() => oauth().forServer('nowhere')).code).toBe('CONFIG_INVALID');
  });

  it('an identity provider that has no address', () => {
    expect(refusal(() => enterpriseAssertion({ clientId: 'x', idToken: 'y' })).message).toContain('issuer');
  });
});

describe('A2 one oauth() for several servers', () => {
  it('gives each its own credentials, and the same each time', () => {
    const auth = oauth();
    const one = auth.forServer('https://one.example.com/mcp');
    expect(auth.forServer(new URL('https://one.example.com/mcp#x'))).toBe(one);
    expect(auth.forServer('https://two.example.com/mcp')).not.toBe(one);
  });

  it('does not give an official transport of one server the token of another', async () => {
    const auth = oauth({ interactive: false });
    const ask = (url: string) =>
      auth.onUnauthorized?.({
        response: new Response(null, { status: 401 }),
        serverUrl: new URL(url),
        fetchFn: async () => new Response(null, { status: 404 }),
      });
    await expect(ask('https://one.example.com/mcp')).rejects.toMatchObject({ code: 'AUTH_REQUIRED' });
    await expect(ask('https://two.example.com/mcp')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
