import { join, resolve } from 'node:path';
import type { OAuthOptions } from '../auth/oauth-options.ts';
import type { ServerAuth } from '../server-spec.ts';
import { type Environment, userFolders } from './environment.ts';
import type { AuthSettings } from './schema/schema.ts';

/** What a file does not say about its logins. */
export type ConfigOAuthOptions = Pick<
  OAuthOptions,
  'interactive' | 'onAuthorize' | 'onEvent' | 'loginTimeoutMs' | 'store'
>;

/** Where relative paths start, and what was given beside the file. */
interface AuthContext {
  readonly workspace: string;
  readonly env: Environment;
  readonly oauth: ConfigOAuthOptions | undefined;
}

/** Credentials of a file, for HTTP. Throws `CONFIG_INVALID` for options that do not go together. */
export async function authOf(settings: AuthSettings, context: AuthContext): Promise<ServerAuth> {
  switch (settings.type) {
    case 'bearer':
      return { token: async () => settings.token };
    case 'oauth':
      return oauthOf(settings, context);
  }
}

/** The same for a transport that knows headers only; undefined when it takes more than a header. */
export function authHeaders(settings: AuthSettings): Record<string, string> | undefined {
  switch (settings.type) {
    case 'bearer':
      return { Authorization: `Bearer ${settings.token}` };
    case 'oauth':
      return undefined;
  }
}

/** Where the tokens of a user are kept, by the conventions of the platform. */
function defaultTokenFile(env: Environment): string {
  return join(userFolders(env).data, 'plenum', 'tokens.json');
}

async function oauthOf(
  { type: _, tokenFile, ...options }: Extract<AuthSettings, { type: 'oauth' }>,
  { workspace, env, oauth: given }: AuthContext,
): Promise<ServerAuth> {
  // The official client comes with it, which a file without such servers need not load.
  const { oauth } = await import('../auth/oauth.ts');
  const { fileTokenStore } = await import('../auth/store/file-token-store.ts');
  const isInteractive = options.grant !== 'client_credentials';
  const path = tokenFile === undefined ? defaultTokenFile(env) : resolve(workspace, tokenFile);
  // A machine gets another token whenever it wants one.
  const store = isInteractive || tokenFile !== undefined ? { store: fileTokenStore(path) } : {};
  return oauth({ ...options, ...store, ...given });
}
