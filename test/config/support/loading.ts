import { dirname } from 'node:path';
import { expect } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import {
  loadConfig,
  type Config,
  type ConfigProblem,
  type LoadConfigOptions,
} from '../../../src/config/index.ts';
import { configFile } from './files.ts';

type Options = Omit<LoadConfigOptions, 'path'>;

/** Loads a configuration of this content, in an environment of its own. */
export async function load(content: string | object, options: Options = {}): Promise<Config> {
  const config = await loadConfig({ env: {}, ...options, path: configFile(content) });
  return { ...config, servers: serversOf(config) };
}

/** The servers without the folder of a file in which its processes start, which they all must have. */
export function serversOf({ path, servers }: Config, folder = dirname(path)): Config['servers'] {
  const entries = Object.entries(servers).map(([name, server]) => {
    if (!('command' in server)) return [name, server] as const;
    const { cwd, ...rest } = server;
    expect(cwd, `the folder of ${name}`).toBeDefined();
    return [name, cwd === folder ? rest : server] as const;
  });
  return Object.fromEntries(entries);
}

/** Loads a configuration of these servers. */
export function loadServers(mcpServers: object, options: Options = {}): Promise<Config> {
  return load({ mcpServers }, options);
}

/** The refusal of `loading`; fails when it is not refused, or not as it should be. */
export async function refusalOf(loading: Promise<unknown>): Promise<PlenumError> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'a rejection').toBeInstanceOf(PlenumError);
  expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
  return error as PlenumError;
}

/** What the refusal of `loading` says is wrong, by `path: message`. */
export async function problemsOf(loading: Promise<unknown>): Promise<string[]> {
  const { data } = await refusalOf(loading);
  const { problems } = data as { problems: ConfigProblem[] };
  return problems.map(({ path, message }) => `${path}: ${message}`);
}

export function messagesOf({ warnings }: Config): string[] {
  return warnings.map(({ path, message }) => `${path}: ${message}`);
}
