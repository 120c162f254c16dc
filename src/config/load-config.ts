import { PlenumError } from '../errors/plenum-error.ts';
import { checkBoolean, checkFunction } from '../internal/checks.ts';
import { printable, suggestion } from '../internal/text.ts';
import type { Config, ConfigPrompt, LoadConfigOptions, ReadConfig } from './config.ts';
import { findConfig } from './find-config.ts';
import { resolvePath } from './environment.ts';

const OPTION_NAMES: readonly string[] = [
  'path',
  'cwd',
  'env',
  'prompt',
  'oauth',
  'tolerant',
  'only',
] satisfies (keyof LoadConfigOptions)[];

/**
 * Reads a configuration: a file, or the nearest of `plenum.json`, `.mcp.json`, `mcp.json`, `.vscode/mcp.json` and
 * `.cursor/mcp.json` from the current folder upwards, else the user's own. Nothing is opened, and nothing is run.
 *
 * Rejects with `CONFIG_INVALID`, all problems at once: in the message by line and column, in `data.problems` as
 * {@link ConfigProblem}. No message shows an expanded value.
 */
export async function loadConfig(source: string | URL | LoadConfigOptions = {}): Promise<Config> {
  const loaded = await load(source);
  return loaded.config;
}

/** As {@link loadConfig}, with what a later load needs and is compared with. */
export async function load(source: string | URL | LoadConfigOptions): Promise<LoadedConfig> {
  const given = typeof source === 'string' || source instanceof URL ? { path: source } : source;
  checkOptions(given);
  const cwd = given.cwd ?? process.cwd();
  const env = given.env ?? process.env;
  const path = given.path === undefined ? await findConfig(cwd, env) : resolvePath(given.path, cwd);
  const prompt = given.prompt === undefined ? undefined : askOnce(given.prompt);
  // The schema library is loaded with the first file, not with this package.
  const { readConfig } = await import('./read/read-config.ts');
  const options = { ...given, env, ...(prompt !== undefined && { prompt }) };
  const { config, plain } = await readConfig(path, options);
  const loaded: LoadedConfig = { config, plain, options: { ...options, path } };
  known.set(config, loaded);
  return loaded;
}

/** Throws `CONFIG_INVALID`. */
function checkOptions(options: LoadConfigOptions): void {
  for (const name of Object.keys(options)) {
    if (OPTION_NAMES.includes(name)) continue;
    const known = suggestion(name, OPTION_NAMES);
    throw new PlenumError('CONFIG_INVALID', `loadConfig has no option "${printable(name, 80)}".${known}`);
  }
  checkFunction('prompt', options.prompt);
  checkBoolean('tolerant', options.tolerant);
  checkFunction('only', options.only);
}

export interface LoadedConfig extends ReadConfig {
  /** How to load it again, without asking again. */
  readonly options: LoadConfigOptions;
}

const known = new WeakMap<object, LoadedConfig>();

/** What is known of a configuration that {@link loadConfig} returned. */
export function loadedFrom(config: object): LoadedConfig | undefined {
  return known.get(config);
}

/** What {@link askOnce} made: a file may be loaded again any number of times. */
const remembering = new WeakSet<ConfigPrompt>();

/** Remembers the answers, so that a file that is loaded again asks for what is new in it only. */
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
