import { checkOptions } from '../options/check-options.ts';
import { loadConfigOptions } from '../options/tables/config.ts';
import type { Config, ConfigPrompt, LoadConfigOptions, ReadConfig } from './config.ts';
import { findConfig } from './find-config.ts';
import { resolvePath } from './environment.ts';

/**
 * Reads a configuration: a file, or the nearest of `plenum.json`, `.mcp.json`, `mcp.json`, `.vscode/mcp.json` and
 * `.cursor/mcp.json` from the current folder upwards, else the user's own. No server is opened and no command is run.
 *
 * Rejects with `CONFIG_INVALID`, which has all problems: in the message with line and column, and in `data.problems`
 * as {@link ConfigProblem}. No message contains an expanded value.
 */
export async function loadConfig(source: string | URL | LoadConfigOptions = {}): Promise<Config> {
  const loaded = await load(source);
  return loaded.config;
}

/** As {@link loadConfig}, with the options and the plain data that a reload needs. */
export async function load(source: string | URL | LoadConfigOptions): Promise<LoadedConfig> {
  const given = typeof source === 'string' || source instanceof URL ? { path: source } : source;
  checkOptions(loadConfigOptions, given, 'Options of loadConfig()');
  const cwd = given.cwd ?? process.cwd();
  const env = given.env ?? process.env;
  const path = given.path === undefined ? await findConfig(cwd, env) : resolvePath(given.path, cwd);
  const prompt = given.prompt === undefined ? undefined : askOnce(given.prompt);
  // The library that reads files is loaded with the first file, not with this package.
  const { readConfig } = await import('./read/read-config.ts');
  const options = { ...given, env, ...(prompt !== undefined && { prompt }) };
  const { config, plain } = await readConfig(path, options);
  const loaded: LoadedConfig = { config, plain, options: { ...options, path } };
  known.set(config, loaded);
  return loaded;
}

export interface LoadedConfig extends ReadConfig {
  /** The options for a reload, which asks only for new inputs. */
  readonly options: LoadConfigOptions;
}

const known = new WeakMap<object, LoadedConfig>();

/** How a configuration of {@link loadConfig} was loaded; undefined for any other object. */
export function loadedFrom(config: object): LoadedConfig | undefined {
  return known.get(config);
}

/** The results of {@link askOnce}, which are not wrapped again at each reload. */
const remembering = new WeakSet<ConfigPrompt>();

/** Remembers the answers, so that a reload asks only for new inputs. */
function askOnce(prompt: ConfigPrompt): ConfigPrompt {
  if (remembering.has(prompt)) return prompt;
  const answers = new Map<string, string>();
  const asking: ConfigPrompt = async (input) => {
    const { field: _, ...question } = input;
    const key = JSON.stringify(question);
    const answer = answers.get(key) ?? (await prompt(input));
    answers.set(key, answer);
    return answer;
  };
  remembering.add(asking);
  return asking;
}
