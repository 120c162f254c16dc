import type { Config, ConfigPrompt } from './config.ts';
import { findConfig } from './find-config.ts';
import { resolvePath } from './user-folders.ts';

/** The variables of an environment, such as `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadConfigOptions {
  /** The file. Without it, one is looked for from `cwd` upwards, then in the user's own folder. */
  path?: string | URL;
  /** @default process.cwd() */
  cwd?: string;
  /**
   * Where `${VAR}` and the user's folders are looked up.
   * @default process.env
   */
  env?: Environment;
  /** Asks for the value of `${input:id}`, once for each id. Without it, a file that wants one is refused. */
  prompt?: ConfigPrompt;
}

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
  const cwd = given.cwd ?? process.cwd();
  const env = given.env ?? process.env;
  const path = given.path === undefined ? await findConfig(cwd, env) : resolvePath(given.path, cwd);
  const prompt = given.prompt === undefined ? undefined : askOnce(given.prompt);
  // The schema library is loaded with the first file, not with this package.
  const { readConfig } = await import('./read-config.ts');
  const { config, plain } = await readConfig(path, env, prompt);
  const loaded: LoadedConfig = {
    config,
    plain,
    options: { path, env, ...(prompt !== undefined && { prompt }) },
  };
  known.set(config, loaded);
  return loaded;
}

/** A configuration with its servers as data, before functions are made of them: that can be compared. */
export interface ReadConfig {
  readonly config: Config;
  readonly plain: { readonly servers: ReadonlyMap<string, unknown>; readonly group: unknown };
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
