export { bearer, type BearerSource } from './bearer.ts';
export { oauth, type OAuth, type ServerOAuth } from './oauth.ts';
export type { AssertionContext, OAuthGrant, OAuthOptions, PrivateKey } from './oauth-options.ts';
export type { AuthEvent, AuthorizeContext } from './auth-events.ts';
export type { AuthReason } from './auth-failure.ts';
export { enterpriseAssertion, type EnterpriseOptions } from './grants/enterprise-assertion.ts';
export { fileTokenStore, type FileTokenStoreOptions } from './store/file-token-store.ts';
export { memoryTokenStore, type StoredEntry, type TokenStore } from './store/token-store.ts';
export type { AuthStatus } from './server-credentials.ts';
export type {
  AuthorizeOptions,
  ConnectionFetch,
  DetachedFetch,
  ServerAuth,
  SignInWatch,
} from '../server-spec.ts';
