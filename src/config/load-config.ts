import { checkOptions } from '../options/check-options.ts';
import { loadConfigOptions } from '../options/tables/config.ts';
import type { Config, ConfigPrompt, LoadConfigOptions, ReadConfig } from './config.ts';
import { findConfig } from './find-config.ts';
import { type Environment, resolvePath } from './environment.ts';
import type { ConsentGate } from './consent/consent-gate.ts';

/**
 * Reads a configuration: a file, or the nearest of `plenum.json`, `.mcp.json`, `mcp.json`, `.vscode/mcp.json` and
 * `.cursor/mcp.json` from the current folder upwards, else the user's own. No server is opened and no command is run.
 *
 * A file of a project that was found, and not named, is expanded only when the user has agreed to its content, with
 * `plenum trust` or by the option `consent`.
 *
 * Rejects with `CONFIG_INVALID`, which has all problems: in the message with line and column, and in `data.problems`
 * as {@link ConfigProblem}; `data.consent` for a file that was not agreed to. No message contains an expanded value.
 */
export async function loadConfig(source: string | URL | LoadConfigOptions = {}): Promise<Config> {
  const loaded = await load(source);
  return loaded.config;
}

/**
 * As {@link loadConfig}, with the options and the plain data that a reload needs. `gate` is that of an earlier load of
 * the same file.
 */
export async function load(
  source: string | URL | LoadConfigOptions,
  gate?: ConsentGate,
): Promise<LoadedConfig> {
  const given = typeof source === 'string' || source instanceof URL ? { path: source } : source;
  checkOptions(loadConfigOptions, given, 'Options of loadConfig()');
  const cwd = given.cwd ?? process.cwd();
  const env = given.env ?? process.env;
  const path = given.path === undefined ? await findConfig(cwd, env) : resolvePath(given.path, cwd);
  const found = gate ?? (given.path === undefined ? await gateOf(path, env, given) : undefined);
  const prompt = given.prompt === undefined ? undefined : askOnce(given.prompt);
  // The library that reads files is loaded with the first file, not with this package.
  const { readConfig } = await import('./read/read-config.ts');
  const options = { ...given, env, ...(prompt !== undefined && { prompt }) };
  const { config, plain } = await readConfig(path, {
    ...options,
    ...(found !== undefined && { gate: found }),
  });
  const loaded: LoadedConfig = { config, plain, options: { ...options, path }, gate: found };
  known.set(config, loaded);
  return loaded;
}

/** The gate of a file that was found; undefined for one that needs no consent. */
async function gateOf(
  path: string,
  env: Environment,
  { consent }: LoadConfigOptions,
): Promise<ConsentGate | undefined> {
  const { isUsersOwn } = await import('./consent/project-file.ts');
  if (await isUsersOwn(path, env)) return undefined;
  const { ConsentGate } = await import('./consent/consent-gate.ts');
  const gate = new ConsentGate(path, env, consent);
  gates.set(path, gate);
  return gate;
}

/** The gates of the files that were found in this program, by path: a copy of a configuration knows nothing but its path. */
const gates = new Map<string, ConsentGate>();

/** The gate of the file of a copied configuration; undefined when it was named. */
export function gateOfCopy({ path }: Config): ConsentGate | undefined {
  return gates.get(path);
}

export interface LoadedConfig extends ReadConfig {
  /** The options for a reload, which asks only for new inputs. */
  readonly options: LoadConfigOptions;
  /** Of a file that was found; a reload passes it, too. */
  readonly gate: ConsentGate | undefined;
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
