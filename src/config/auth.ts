import { join, resolve } from 'node:path';
import type { OAuthOptions } from '../auth/oauth-options.ts';
import type { ServerAuth } from '../server-spec.ts';
import { type Environment, userFolders } from './environment.ts';

/** Credentials as a file has them. */
export type AuthSettings = { type: 'bearer'; token: string } | OAuthSettings;

interface OAuthSettings extends Omit<
  OAuthOptions,
  'privateKey' | 'scope' | 'assertion' | 'store' | 'onAuthorize' | 'onEvent' | 'dpop' | 'fetch'
> {
  type: 'oauth';
  privateKey?: { key: string; algorithm: string };
  scope?: string;
  tokenFile?: string;
}

/** The options of `oauth()` that a program can set for the servers of a file. */
export type ConfigOAuthOptions = Pick<
  OAuthOptions,
  'interactive' | 'onAuthorize' | 'onEvent' | 'loginTimeoutMs' | 'store'
>;

/**
 * What credentials need beside their settings: the folder of relative paths, the environment, the program's options.
 */
interface AuthContext {
  readonly workspace: string;
  readonly env: Environment;
  readonly oauth: ConfigOAuthOptions | undefined;
}

/**
 * Makes the credentials of an HTTP server from its settings. Throws `CONFIG_INVALID` for options that exclude each
 * other.
 */
export async function authOf(settings: AuthSettings, context: AuthContext): Promise<ServerAuth> {
  switch (settings.type) {
    case 'bearer':
      return { token: async () => settings.token };
    case 'oauth':
      return oauthOf(settings, context);
  }
}

/** Credentials as headers, for a transport that has nothing else; undefined when a header is not enough (OAuth). */
export function authHeaders(settings: AuthSettings): Record<string, string> | undefined {
  switch (settings.type) {
    case 'bearer':
      return { Authorization: `Bearer ${settings.token}` };
    case 'oauth':
      return undefined;
  }
}

/** The default token file, in the platform's folder for a user's data. */
function defaultTokenFile(env: Environment): string {
  return join(userFolders(env).data, 'plenum', 'tokens.json');
}

/** The file in which `plenum serve` keeps the tokens of users, unless it is told another. */
export function defaultUserTokenFile(env: Environment): string {
  return join(userFolders(env).data, 'plenum', 'gateway-tokens.json');
}

async function oauthOf(
  { type: _, tokenFile, ...options }: Extract<AuthSettings, { type: 'oauth' }>,
  { workspace, env, oauth: given }: AuthContext,
): Promise<ServerAuth> {
  // Loaded on demand: it loads the official client, which a file without OAuth does not need.
  const { oauth } = await import('../auth/oauth.ts');
  const { fileTokenStore } = await import('../auth/store/file-token-store.ts');
  const isInteractive = options.grant !== 'client_credentials';
  const path = tokenFile === undefined ? defaultTokenFile(env) : resolve(workspace, tokenFile);
  // A client that needs no user can get a token again, so its tokens are kept in memory.
  const store = isInteractive || tokenFile !== undefined ? { store: fileTokenStore(path) } : {};
  return oauth({ ...options, ...store, ...given });
}
