import { copyServers } from '../../config/copy-servers.ts';
import { readEditorConfigs, type EditorConfig, type FoundServer } from '../../config/read-editor-configs.ts';
import { converse, NoAnswer } from '../ask.ts';
import type { Invocation, RunCommand } from '../context.ts';
import { EXIT, UsageError, type ExitCode } from '../exit-codes.ts';
import { createMatcher } from '../match.ts';
import { table } from '../tables.ts';
import { count, lineText } from '../terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal } = invocation;
  const configs = await readEditorConfigs();
  for (const { path, error } of configs) if (error !== undefined) terminal.warn(`${path}: ${error.message}`);
  const servers = await filtered(invocation, configs);
  if (options.all !== true && operands.length === 0) {
    if (!terminal.interactive || terminal.json) return list(invocation, servers);
    const chosen = servers.length === 0 ? [] : await choose(invocation, servers);
    return chosen === undefined ? EXIT.good : copy(invocation, chosen);
  }
  return copy(invocation, servers);
};

async function filtered(
  { operands, options }: Invocation,
  configs: readonly EditorConfig[],
): Promise<FoundServer[]> {
  const matchesEditor = await createMatcher(options.from ?? []);
  const matchesName = await createMatcher(operands);
  return configs
    .filter(({ editor, title }) => matchesEditor(editor, title))
    .flatMap(({ servers }) => servers.filter(({ name }) => matchesName(name)));
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

/** Undefined when the user leaves without a choice. */
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

async function copy(
  { operands, options, terminal }: Invocation,
  servers: readonly FoundServer[],
): Promise<ExitCode> {
  if (servers.length === 0 && operands.length > 0)
    throw new UsageError(`No server of that name in the files of known editors. See: plenum import`);
  const { to, config, replace } = options;
  const target = to ?? config ?? 'plenum.json';
  const onConflict = replace === true ? 'replace' : 'skip';
  const { path, copied, skipped, literals } = await copyServers({ to: target, servers, onConflict });
  if (terminal.json) terminal.jsonData({ path, copied, skipped, literals });
  else {
    terminal.data(`Copied ${count(copied.length, 'server')} to ${lineText(path)}${listOf(copied)}`);
    if (skipped.length > 0) terminal.note(`There already, and left as they are${listOf(skipped)}`);
  }
  if (literals.length > 0)
    terminal.warn(
      `These values stand in the file as they are; if they are secrets, \${VAR} is better${listOf(literals)}`,
    );
  return EXIT.good;
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? '.' : `: ${names.map((name) => lineText(name)).join(', ')}`;
}
