import { join, resolve } from 'node:path';
import { userFolders } from '../../config/environment.ts';
import { findConfig } from '../../config/find-config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { Invocation } from '../command-line/invocation.ts';

/**
 * The file of API keys that a command is about: that of `--key-file`, else the one that the configuration names for its
 * gateway, else the user's own.
 */
export async function keyFileOf({ options }: Invocation): Promise<string> {
  if (options.keyFile !== undefined) return resolve(options.keyFile);
  return (await configured(options.config)) ?? join(userFolders(process.env).data, 'plenum', 'keys.json');
}

async function configured(given: string | undefined): Promise<string | undefined> {
  // Without any configuration there are the user's own keys.
  const found = given ?? (await findConfig(process.cwd(), process.env).catch(() => undefined));
  if (found === undefined) return undefined;
  const { gateway } = await loadConfig({ ...(given !== undefined && { path: given }), only: () => false });
  return gateway?.auth?.keys;
}
