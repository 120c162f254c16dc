// The scenarios about signing in. The user's browser is a fetch here: the suite's login page asks nothing.
import { enterpriseAssertion, oauth } from 'mcp-plenum/auth';
import { expectCode, inSession } from './in-session.mjs';

const CLIENT_METADATA_URL = 'https://conformance-test.local/client-metadata.json';

const signsIn = [
  'auth/basic-cimd',
  'auth/metadata-default',
  'auth/metadata-var1',
  'auth/metadata-var2',
  'auth/metadata-var3',
  'auth/2025-03-26-oauth-metadata-backcompat',
  'auth/2025-03-26-oauth-endpoint-fallback',
  'auth/scope-from-www-authenticate',
  'auth/scope-from-scopes-supported',
  'auth/scope-omitted-when-undefined',
  'auth/scope-step-up',
  'auth/token-endpoint-auth-basic',
  'auth/token-endpoint-auth-post',
  'auth/token-endpoint-auth-none',
  'auth/offline-access-scope',
  'auth/offline-access-not-supported',
  'auth/authorization-server-migration',
  'auth/iss-supported',
  'auth/iss-not-advertised',
];

/** Where somebody else than the right server answers, or the server is never content. */
const refuses = [
  'auth/resource-mismatch',
  'auth/scope-retry-limit',
  'auth/iss-supported-missing',
  'auth/iss-wrong-issuer',
  'auth/iss-unexpected',
  'auth/iss-normalized',
  'auth/metadata-issuer-mismatch',
];

export const authScenarios = {
  ...Object.fromEntries(signsIn.map((name) => [name, (given) => useServer(given, {})])),
  ...Object.fromEntries(
    refuses.map((name) => [
      name,
      async (given) => {
        const error = await useServer(given, {}).then(() => undefined, expectCode('AUTH_REQUIRED'));
        if (error === undefined) throw new Error('Plenum was content with it.');
      },
    ]),
  ),
  'auth/dpop': (given) => useServer(given, { dpop: true }),
  'auth/dpop-nonce': (given) => useServer(given, { dpop: true }),
  'auth/pre-registration': (given) => {
    const { client_id: clientId, client_secret: clientSecret, issuer } = given.context;
    return useServer(given, { clientId, clientSecret, issuer });
  },
  'auth/client-credentials-basic': (given) => {
    const { client_id: clientId, client_secret: clientSecret } = given.context;
    return useServer(given, { grant: 'client_credentials', clientId, clientSecret });
  },
  'auth/client-credentials-jwt': (given) => {
    const { client_id: clientId, private_key_pem: key, signing_algorithm: algorithm } = given.context;
    return useServer(given, { grant: 'client_credentials', clientId, privateKey: { key, algorithm } });
  },
  'auth/enterprise-managed-authorization': (given) => {
    const { context } = given;
    const assertion = enterpriseAssertion({
      clientId: context.idp_client_id,
      idToken: context.idp_id_token,
      tokenEndpoint: context.idp_token_endpoint,
    });
    const { client_id: clientId, client_secret: clientSecret } = context;
    return useServer(given, { grant: 'jwt_bearer', clientId, clientSecret, assertion });
  },
  'auth/wif-jwt-bearer': (given) => {
    const { client_id: clientId, valid_jwt: workloadToken } = given.context;
    return useServer(given, { grant: 'jwt_bearer', clientId, assertion: () => workloadToken });
  },
};

function useServer({ url }, options) {
  const auth = oauth({ clientMetadataUrl: CLIENT_METADATA_URL, onAuthorize: visit, ...options });
  return inSession({ url, auth }, {}, async (session) => {
    const { tools } = await session.listTools();
    await session.callTool(tools[0].name, {});
  });
}

/** What a browser does with a page that asks nothing: it goes where it is sent. */
async function visit(url) {
  const response = await fetch(url);
  await response.text();
}
