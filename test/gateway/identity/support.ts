import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTHeaderParameters,
} from 'jose';
import { onTestFinished } from 'vitest';
import { local, tools } from '../../support/servers.ts';

export const echo = () => ({ servers: { s: { server: local({ tools: tools('echo') }) } } });

export const callOf = (id: unknown, args: unknown = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 's__echo', arguments: args },
});

/** The same call as a request of 2026-07-28, with its headers. */
export function modernCall(args: unknown = {}): [body: object, headers: Record<string, string>] {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  return [
    { ...callOf(1), params: { name: 's__echo', arguments: args, _meta } },
    { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 's__echo' },
  ];
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface TokenIssuer {
  readonly issuer: string;
  /** The keys that it publishes. */
  jwks: JWK[];
  /** The key that it signs with. */
  key: SigningKey;
  /** What it was asked for, by path. */
  readonly asked: string[];
  /** Answers requests for which it returns true in its own way. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Replaces or adds to the metadata. */
  metadata: Record<string, unknown>;
  /** A token of subject `ada` that is good for five minutes, with other claims and another header where given. */
  token(
    claims?: Record<string, unknown>,
    header?: Partial<JWTHeaderParameters>,
    key?: SigningKey,
  ): Promise<string>;
}

/** An issuer of tokens on loopback, of which every part can be made wrong; ends with the test. */
export async function tokenIssuer(audience?: string): Promise<TokenIssuer> {
  const key = await signingKey('one');
  const server = createServer((request, response) => {
    const { url = '' } = request;
    made.asked.push(url);
    if (made.answer(request, response)) return;
    const body =
      url === '/jwks'
        ? { keys: made.jwks }
        : url === '/.well-known/oauth-authorization-server'
          ? { issuer, jwks_uri: `${issuer}/jwks`, ...made.metadata }
          : undefined;
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const made: TokenIssuer = {
    issuer,
    jwks: [key.jwk],
    key,
    asked: [],
    answer: () => false,
    metadata: {},
    token: (claims = {}, header = {}, signedWith = made.key) => {
      const now = Math.floor(Date.now() / 1_000);
      const all = {
        iss: issuer,
        sub: 'ada',
        iat: now,
        exp: now + 300,
        ...(audience && { aud: audience }),
        ...claims,
      };
      return new SignJWT(JSON.parse(JSON.stringify(all)))
        .setProtectedHeader({ alg: signedWith.alg, kid: signedWith.kid, typ: 'at+jwt', ...header })
        .sign(signedWith.privateKey);
    },
  };
  return made;
}
