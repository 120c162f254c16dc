import type { Config, ConfiguredServerOptions } from '../config/config.ts';
import type { GroupConnectOptions } from '../group/group-options.ts';
import { printable, suggestion } from '../internal/text.ts';
import type { StdioServerSpec, UrlServerSpec } from '../server-spec.ts';
import type { Invocation } from './context.ts';
import { UsageError } from './exit-codes.ts';
import { inlineName, inlineSpec } from './inline-server.ts';
import { createMatcher } from './match.ts';

/** A server as data: from a configuration, or from the command line. */
export type PlainServer = (StdioServerSpec | UrlServerSpec) & ConfiguredServerOptions;

/** The servers that a command is about, not yet opened. */
export interface ServerSet {
  readonly servers: Readonly<Record<string, PlainServer>>;
  /** What holds for all of them. */
  readonly options: Omit<GroupConnectOptions, 'servers' | 'signal'>;
  /** The file that they come from, if it is one. */
  readonly config: Config | undefined;
}

/** The inline server, or those of the configuration that `--server` chooses. */
export async function findServers(invocation: Invocation): Promise<ServerSet> {
  const { inline, options } = invocation;
  checkInlineOptions(invocation);
  if (inline !== undefined) {
    const servers = { [inlineName(inline)]: inlineSpec(inline, options) };
    return { servers, options: { naming: 'bare' }, config: undefined };
  }
  const config = await readConfig(invocation);
  const { servers, disabled: _, path: __, warnings: ___, ...groupOptions } = config;
  const chosen = await chooseServers(config, options.server);
  return {
    servers: Object.fromEntries(Object.entries(servers).filter(([name]) => chosen.has(name))),
    options: { ...groupOptions, strict: false },
    config,
  };
}

function checkInlineOptions({ inline, options }: Invocation): void {
  const { config, server, header, env } = options;
  if (inline !== undefined && (config !== undefined || server.length > 0))
    throw new UsageError('The server stands on the command line: --config and --server do not go with that.');
  const isUrl = inline !== undefined && 'url' in inline;
  if (header.length > 0 && !isUrl)
    throw new UsageError(
      '--header is for a URL on the command line; for others, write "headers" in the configuration.',
    );
  if (env.length > 0 && (inline === undefined || isUrl))
    throw new UsageError('--env is for a command after --; for others, write "env" in the configuration.');
}

/** The configuration that is named, or the nearest one. */
export async function readConfig({ options, terminal }: Invocation): Promise<Config> {
  const { loadConfig } = await import('../config/load-config.ts');
  const { askForInput } = await import('./ask-input.ts');
  const config = await loadConfig({
    ...(options.config !== undefined && { path: options.config }),
    ...(terminal.interactive && { prompt: (input) => askForInput(terminal, input) }),
  });
  terminal.detail(`Configuration: ${config.path}`);
  for (const { line, column, path, message } of config.warnings)
    terminal.detail(`${config.path}:${line}:${column} ${path}: ${message}`);
  return config;
}

/** Names of the servers that the patterns of `--server` choose. Each pattern has to choose one. */
export async function chooseServers(
  { servers, disabled, path }: Pick<Config, 'servers' | 'disabled' | 'path'>,
  patterns: readonly string[],
): Promise<Set<string>> {
  const names = Object.keys(servers);
  if (names.length === 0)
    throw new UsageError(`${path} has no servers${disabled.length > 0 ? ' that are enabled' : ''}.`);
  if (patterns.length === 0) return new Set(names);
  const chosen = new Set<string>();
  for (const pattern of patterns) {
    const matches = await createMatcher([pattern]);
    const found = names.filter((name) => matches(name));
    if (found.length === 0) {
      const why = disabled.some((name) => matches(name)) ? 'is disabled in' : 'matches no server of';
      throw new UsageError(`"${printable(pattern)}" ${why} ${path}.${suggestion(pattern, names)}`);
    }
    for (const name of found) chosen.add(name);
  }
  return chosen;
}
