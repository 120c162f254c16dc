import { isDeepStrictEqual } from 'node:util';
import { copyServers } from '../../config/editors/copy-servers.ts';
import { importSources } from '../../config/editors/editors.ts';
import {
  readEditorConfigs,
  type EditorConfig,
  type FoundServer,
} from '../../config/editors/read-editor-configs.ts';
import { printable, suggestion } from '../../internal/text.ts';
import { converse, NoAnswer } from '../questions/ask.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { EXIT, UsageError, type ExitCode } from '../exit-codes.ts';
import { createMatcher } from '../command-line/name-patterns.ts';
import { table } from '../terminal/tables.ts';
import { count, lineText } from '../terminal/terminal-text.ts';
import { findConfig } from '../../config/find-config.ts';
import { readJsonFile } from '../../config/read/read-file.ts';
import { isRecord } from '../../internal/checks.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal } = invocation;
  const configs = await chosenConfigs(options.from ?? []);
  for (const { path, error } of configs) if (error !== undefined) terminal.warn(`${path}: ${error.message}`);
  const servers = await namedServers(
    operands,
    configs.flatMap((config) => config.servers),
  );
  if (options.all !== true && operands.length === 0) {
    if (!terminal.interactive || terminal.json) return list(invocation, servers);
    const chosen = servers.length === 0 ? [] : await choose(invocation, servers);
    return chosen === undefined ? EXIT.good : copy(invocation, chosen, configs);
  }
  return copy(invocation, servers, configs);
};

/** The files of the editors that `--from` chooses. Each pattern must match one. */
async function chosenConfigs(patterns: readonly string[]): Promise<EditorConfig[]> {
  const editors = new Map(importSources().map(({ editor, title }) => [editor, title]));
  for (const pattern of patterns) {
    const matches = createMatcher([pattern]);
    if ([...editors].some((names) => matches(...names))) continue;
    const known = [...editors.keys()].join(', ');
    throw new UsageError(`--from ${printable(pattern)}: unknown editor. Known editors: ${known}.`);
  }
  const matches = createMatcher(patterns);
  const configs = await readEditorConfigs();
  return configs.filter(({ editor, title }) => matches(editor, title));
}

/** The servers that the patterns choose. Each pattern must match one. */
async function namedServers(
  patterns: readonly string[],
  servers: readonly FoundServer[],
): Promise<FoundServer[]> {
  const names = new Set(servers.map(({ name }) => name));
  for (const pattern of patterns) {
    const matches = createMatcher([pattern]);
    if ([...names].some((name) => matches(name))) continue;
    const known = names.size === 0 ? ' There are none at all.' : suggestion(pattern, names);
    throw new UsageError(
      `No server named "${printable(pattern)}" in the files of known editors.${known} See: plenum import`,
    );
  }
  const matches = createMatcher(patterns);
  return servers.filter(({ name }) => matches(name));
}

async function list({ terminal }: Invocation, servers: readonly FoundServer[]): Promise<ExitCode> {
  if (terminal.json) {
    const facts = servers.map(({ name, target, disabled, source: { editor, scope, path } }) => {
      return { name, editor, scope, path, target, disabled };
    });
    terminal.jsonData(facts);
  } else if (servers.length === 0) {
    terminal.note('No servers found in the files of known editors.');
  } else {
    const rows = servers.map(({ name, target, disabled, source: { title, path } }) => [
      lineText(name),
      lineText(disabled ? `${target} (disabled)` : target),
      title,
      lineText(path),
    ]);
    terminal.data(await table(terminal, ['SERVER', 'RUNS', 'IN', 'FILE'], rows));
    terminal.note('Copy some with: plenum import <name>..., or all with --all.');
  }
  return EXIT.good;
}

/** Lets the user choose servers; undefined when the user cancels. */
async function choose(
  { terminal, interrupt }: Invocation,
  servers: readonly FoundServer[],
): Promise<FoundServer[] | undefined> {
  const { multiselect } = await import('@clack/prompts');
  const options = servers.map((server, index) => ({
    value: index,
    label: lineText(server.name),
    hint: lineText(`${server.target}, ${server.source.title}`),
  }));
  try {
    const chosen = await converse(terminal, interrupt, interrupt.signal, (ask) =>
      ask<number[]>((streams) =>
        multiselect({ message: 'Which servers are to be copied?', options, required: false, ...streams }),
      ),
    );
    return servers.filter((_, index) => chosen.includes(index));
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}

/** A server that is not copied because another one has its name. */
interface NotCopied {
  readonly name: string;
  readonly path: string;
  /** The file of the server that is copied instead. */
  readonly chosen: string;
}

/** Keeps the first server of each name. The others are reported, except for identical ones. */
function oneForEachName(servers: readonly FoundServer[]): {
  unique: FoundServer[];
  others: NotCopied[];
} {
  const unique = new Map<string, FoundServer>();
  const others: NotCopied[] = [];
  for (const server of servers) {
    const first = unique.get(server.name);
    if (first === undefined) unique.set(server.name, server);
    else if (!isDeepStrictEqual(first.definition, server.definition))
      others.push({ name: server.name, path: server.source.path, chosen: first.source.path });
  }
  return { unique: [...unique.values()], others };
}

async function copy(
  invocation: Invocation,
  servers: readonly FoundServer[],
  configs: readonly EditorConfig[],
): Promise<ExitCode> {
  const { options, terminal } = invocation;
  const { to, config, replace } = options;
  const target = to ?? config ?? 'plenum.json';
  const onConflict = replace === true ? 'replace' : 'skip';
  const before = await currentConfig();
  const { unique, others } = oneForEachName(servers);
  const { agreeToProject, reviewTarget } = await import('../questions/consent-to-copies.ts');
  const isAgreed = await agreeToProject(invocation, unique);
  const agreeToTarget = await reviewTarget(target);
  const { path, copied, skipped, literals } = await copyServers({ to: target, servers: unique, onConflict });
  if (isAgreed) await agreeToTarget(copied);
  const passedOver = others.filter(({ name }) => copied.includes(name));
  if (terminal.json) terminal.jsonData({ path, copied, skipped, literals, passedOver });
  else {
    terminal.data(`Copied ${count(copied.length, 'server')} to ${lineText(path)}${listOf(copied)}`);
    if (skipped.length > 0)
      terminal.note(
        `Already in the configuration, so not copied (--replace replaces them)${listOf(skipped)}`,
      );
    for (const { name, path: other, chosen } of passedOver)
      terminal.note(`${name} was copied from ${chosen}; the one in ${other} is different.`);
  }
  if (literals.length > 0)
    terminal.warn(
      `These values were copied as they are; if they are secrets, use \${VAR} instead${listOf(literals)}`,
    );
  const lost = await hiddenServers(before);
  return lost === undefined ? EXIT.good : offerHiddenServers(invocation, lost, configs);
}

/**
 * Commands in this folder will use the new file instead of the one before. Offers to copy the servers of that file,
 * or warns of them.
 */
async function offerHiddenServers(
  invocation: Invocation,
  { from, to, names }: HiddenServers,
  configs: readonly EditorConfig[],
): Promise<ExitCode> {
  const { terminal } = invocation;
  const found = configs.flatMap(({ path, servers }) => (path === from ? servers : []));
  const missing = found.filter(({ name }) => names.includes(name));
  terminal.warn(
    `${from} was the configuration here until now. ${to} replaces it, without ${names.join(', ')}. ` +
      `To have all servers in one file, copy these, too, or delete ${to} and import with --to ${from}.`,
  );
  if (missing.length === 0 || !terminal.interactive || terminal.json) return EXIT.good;
  return (await agrees(invocation, missing)) ? copy(invocation, missing, configs) : EXIT.good;
}

async function agrees(
  { terminal, interrupt }: Invocation,
  servers: readonly FoundServer[],
): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  const message = `Copy ${count(servers.length, 'server')} from there, too?`;
  try {
    return await converse(terminal, interrupt, interrupt.signal, (ask) =>
      ask<boolean>((streams) => confirm({ message, ...streams })),
    );
  } catch (error) {
    if (error instanceof NoAnswer) return false;
    throw error;
  }
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '.' : `: ${names.map((name) => lineText(name)).join(', ')}`;
}

/** The servers of a file that commands no longer use, because another file takes precedence. */
interface HiddenServers {
  readonly from: string;
  readonly to: string;
  /** Names of the servers that `from` has and `to` does not. */
  readonly names: readonly string[];
}

/** The configuration that commands use in this folder; undefined when there is none. */
async function currentConfig(): Promise<string | undefined> {
  return findConfig(process.cwd(), process.env).catch(() => undefined);
}

/**
 * The servers that commands no longer see when they used `before` and now use another file; undefined when there are
 * none.
 */
async function hiddenServers(before: string | undefined): Promise<HiddenServers | undefined> {
  const now = await currentConfig();
  if (before === undefined || now === undefined || now === before) return undefined;
  const there = new Set(await serversIn(now));
  const names = (await serversIn(before)).filter((name) => !there.has(name));
  return names.length === 0 ? undefined : { from: before, to: now, names };
}

/** The names of the servers in a file; none when it cannot be read. Other problems of the file do not matter here. */
async function serversIn(path: string): Promise<string[]> {
  const root = await readJsonFile(path).then(
    (file) => file.root,
    () => ({}),
  );
  return ['mcpServers', 'servers'].flatMap((section) => {
    const servers: unknown = Reflect.get(root, section);
    return isRecord(servers) ? Object.keys(servers) : [];
  });
}
