import {
  anyFunction,
  count,
  either,
  flag,
  objectWith,
  oneOf,
  optionsOf,
  string,
  text,
  textThat,
  texts,
  timeLimit,
  objectThat,
  type Kind,
  type OptionTable,
} from '../kinds.ts';

const issuer = textThat((given) => (URL.canParse(given) ? undefined : 'a URL'));

const metadataUrl = textThat((given) => {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  return url?.protocol === 'https:' && url.pathname !== '/' ? undefined : 'an https URL with a path';
});

const privateKey = {
  key: {
    kind: either(
      text,
      objectThat('a JWK', () => true),
    ),
    required: true,
    about: 'The key: PEM (PKCS #8), or a JWK.',
    file: text,
  },
  algorithm: { kind: text, required: true, about: 'A JWS algorithm such as ES256.' },
} satisfies OptionTable;

export const oauthOptions = {
  grant: {
    kind: oneOf('authorization_code', 'client_credentials', 'jwt_bearer'),
    default: 'authorization_code' as const,
    about:
      'How access is granted: a person signs in with a browser, this program shows its own credentials, or it shows an `assertion`.',
    file: oneOf('authorization_code', 'client_credentials'),
  },
  clientId: {
    kind: text,
    about:
      'The client as the authorization server knows it; without it the client describes or registers itself.',
  },
  clientSecret: {
    kind: text,
    about:
      "The client's secret; give `issuer` with it, or it goes to whichever authorization server the server names.",
  },
  privateKey: {
    kind: optionsOf(privateKey),
    about: 'In place of a secret: a key that signs an assertion for each token request.',
  },
  clientMetadataUrl: {
    kind: metadataUrl,
    about:
      "An https URL with this client's metadata; it is the client id where the authorization server takes such.",
  },
  clientName: {
    kind: text,
    default: 'Plenum',
    about: 'What the client is called where it registers itself.',
  },
  issuer: { kind: issuer, about: 'The only authorization server to deal with, by its issuer.' },
  scope: {
    kind: either(string, texts),
    byDefault: 'those that the server offers',
    about: 'Scopes to ask for, separated by spaces or as a list, beside those that the server demands.',
    file: text,
  },
  assertion: {
    kind: anyFunction,
    about: 'For the grant `jwt_bearer`: makes the assertion, asked for each token.',
  },
  store: {
    kind: objectWith('a token store, such as fileTokenStore(path)', 'get', 'set', 'delete'),
    byDefault: '`memoryTokenStore()`',
    about: 'Where tokens are kept.',
  },
  account: { kind: text, about: 'Keeps the tokens of several people apart in one store.' },
  interactive: {
    kind: flag,
    default: true,
    about: 'Whether a login begins when the server asks for one.',
  },
  onAuthorize: {
    kind: anyFunction,
    byDefault: 'opens the browser of this machine',
    about: 'Shows the login page to the user.',
  },
  onEvent: { kind: anyFunction, about: 'Called at each login and each refresh.' },
  loginTimeoutMs: { kind: timeLimit, default: 300_000, about: 'How long a person may take to sign in.' },
  redirectPort: {
    kind: count(0),
    default: 0,
    about: 'The port on 127.0.0.1 that the browser comes back to; 0 for any.',
  },
  dpop: {
    kind: either(
      flag,
      objectThat('a DpopSession', () => true),
    ),
    default: false,
    about:
      'Whether to ask for tokens that are bound to a key, or a session of the official client that holds the key.',
    file: false,
  },
  allowPrivateAddresses: {
    kind: flag,
    default: false,
    about: 'Whether a server at a public address may name authorization servers at private ones.',
  },
  allowMissingPkce: {
    kind: flag,
    default: false,
    about:
      'Whether to sign in at an authorization server whose metadata do not say that it supports PKCE (no `code_challenge_methods_supported`).',
  },
  fetch: {
    kind: anyFunction,
    byDefault: 'the built-in pool',
    about: "A `fetch` for authorization servers; it must honour `redirect: 'manual'`.",
  },
} satisfies OptionTable;

export const enterpriseOptions = {
  issuer: { kind: issuer, about: "The identity provider's issuer; its token endpoint is looked up there." },
  tokenEndpoint: { kind: issuer, about: 'Its token endpoint, in place of the issuer.' },
  clientId: { kind: text, required: true, about: 'This client as the identity provider knows it.' },
  clientSecret: { kind: text, about: "The client's secret." },
  idToken: {
    kind: either(text, anyFunction),
    required: true,
    about: "The user's ID token, or a function that knows it; asked for each assertion.",
  },
} satisfies OptionTable;

const bytes32 = either(
  textThat((given) => (Buffer.from(given, 'base64').byteLength === 32 ? undefined : '32 bytes in base64')),
  objectThat('32 bytes', (given) => given instanceof Uint8Array && given.byteLength === 32),
);

export const fileTokenStoreOptions = {
  key: { kind: bytes32, about: 'Encrypts the file (AES-256-GCM): 32 bytes, or these in base64.' },
} satisfies OptionTable;

/** Credentials as a configuration file has them. */
export const authInFile: Kind = {
  is: 'variant',
  by: 'type',
  wanted: 'an object such as { "type": "bearer", "token": "${TOKEN}" }',
  variants: {
    bearer: {
      token: { kind: text, required: true, about: 'The token; write ${VAR} rather than the token itself.' },
    },
    oauth: {
      ...oauthOptions,
      tokenFile: {
        kind: text,
        byDefault: 'plenum/tokens.json in the folder for your data',
        about: 'Where tokens are kept; relative to the workspace folder.',
      },
    },
  },
};
