import {
  anyFunction,
  either,
  listOf,
  oneOf,
  optionsOf,
  text,
  textThat,
  type Kind,
  type Option,
  type OptionTable,
} from '../kinds.ts';

/** A scope-token of RFC 6749. */
const scope = textThat((given) =>
  /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/.test(given)
    ? undefined
    : 'a scope: visible ASCII without spaces, " and \\',
);
export const scopes = listOf(scope, 'an array of scopes');

/** Whether a text can be the name of an API key: it stands in tables, logs and policies. */
export function isKeyName(name: unknown): name is string {
  return typeof name === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} ._@+-]{0,63}$/u.test(name);
}

const keyName = textThat((given) =>
  isKeyName(given) ? undefined : 'a name of 1 to 64 letters, digits, spaces and . _ @ + -',
);

const keyId = textThat((given) => (/^[0-9a-f]{16}$/.test(given) ? undefined : '16 hexadecimal digits'));

const keyHash = textThat((given) =>
  /^sha256:[0-9a-f]{64}$/.test(given) ? undefined : '"sha256:" and 64 hexadecimal digits',
);

const moment = textThat((given) =>
  /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(given) && !Number.isNaN(Date.parse(given))
    ? undefined
    : 'a time such as "2027-01-31T12:00:00Z"',
);

/** What is kept of an API key. */
export const apiKeyRecord = {
  id: { kind: keyId, required: true, about: 'A part of the key, by which it is found.' },
  name: { kind: keyName, required: true, about: 'What people call it.' },
  hash: { kind: keyHash, required: true, about: '`sha256:` and the digest of the whole key.' },
  scopes: { kind: scopes, byDefault: 'none', about: 'What its holder may do.' },
  createdAt: { kind: moment, about: 'When it was made.' },
  expiresAt: { kind: moment, byDefault: 'never', about: 'When it expires.' },
} satisfies OptionTable;

/** The moments that a Date can hold. */
const epochMs: Kind = { is: 'number', unit: 'any', least: 0, most: 8.64e15, whole: false };

/** What is chosen when a key is made. */
export const apiKeyChoices: Readonly<Record<'scopes' | 'expiresAt', Option>> = {
  scopes: { kind: scopes, byDefault: 'none', about: 'What its holder may do.' },
  expiresAt: { kind: epochMs, byDefault: 'never', about: 'When it expires, in epoch milliseconds.' },
};

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Whether what is read from a URL cannot have been changed on the way. */
export function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
}

const serverUrl = textThat((given) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const fits =
    url !== undefined && isTrustworthy(url) && url.hash === '' && url.search === '' && url.username === '';
  return fits ? undefined : 'an https URL without query and fragment; http is for loopback addresses';
});

const resource = textThat((given) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const fits = url !== undefined && /^https?:$/.test(url.protocol) && url.hash === '' && url.username === '';
  return fits ? undefined : 'a URL such as "https://mcp.example.com/mcp"';
});

/** Signatures with a private key. Those with a shared secret, and none, are never accepted. */
export const SIGNATURES = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** The most that the clocks of a gateway and an authorization server may differ, in milliseconds. */
const MAX_TOLERANCE_MS = 300_000;

export const gatewayOAuthOptions = {
  issuer: {
    kind: either(serverUrl, listOf(serverUrl, 'an array of issuers')),
    required: true,
    about: 'The authorization server whose access tokens are accepted, by its issuer, or several.',
  },
  resource: {
    kind: resource,
    byDefault: 'the URL that `listen` resolves with',
    about: 'The URL of the endpoint as clients know it.',
  },
  audience: {
    kind: either(text, listOf(text, 'an array of audiences')),
    byDefault: '`resource`',
    about: 'What the audience of a token must contain: one of these.',
  },
  scopes: {
    kind: scopes,
    byDefault: 'none',
    about: 'Scopes that each token must have; a request without them is refused with 403.',
  },
  jwksUri: {
    kind: serverUrl,
    byDefault: "what the issuer's metadata say",
    about: "Where the issuer's public keys are. Only with one issuer.",
  },
  algorithms: {
    kind: listOf(oneOf(...SIGNATURES), 'an array of JWS algorithms'),
    byDefault: 'all that sign with a private key',
    about: 'The algorithms with which a token may be signed.',
  },
  clockToleranceMs: {
    kind: { is: 'number', unit: 'ms', least: 0, most: MAX_TOLERANCE_MS, whole: false },
    default: 5_000,
    about: 'By how much the clock of the authorization server may differ.',
  },
  fetch: {
    kind: anyFunction,
    byDefault: 'that of the runtime',
    about: "A `fetch` for the authorization server; it must honour `redirect: 'error'`.",
  },
} satisfies OptionTable;

export const gatewayAuthOptions = {
  keys: {
    kind: either(text, listOf(optionsOf(apiKeyRecord, 'the record of an API key'), 'an array of records')),
    file: text,
    about:
      'API keys: the path of the file that `plenum keys add` writes, or the records of keys. Changes of the file are taken up.',
  },
  oauth: {
    kind: optionsOf(gatewayOAuthOptions),
    about:
      'Makes the gateway an OAuth resource server (RFC 9728) that accepts access tokens in the form of a JWT.',
  },
  verify: {
    kind: anyFunction,
    about:
      'Called for each HTTP request that shows neither an API key nor a token of one of the issuers: returns who sent it, or undefined to refuse it with 401. So does an error that it throws, an identity whose `principal` is not a text with at least one character, and 30 seconds without an answer.',
  },
} satisfies OptionTable;
