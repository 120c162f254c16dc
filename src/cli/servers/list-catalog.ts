import type { CatalogKind } from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { ExitCode } from '../exit-codes.ts';
import { reportMissing, withOpenServers, type OpenServers } from './open-servers.ts';
import { createMatcher, type Matches } from '../command-line/name-patterns.ts';
import { possibleOwners } from './possible-owners.ts';
import { findServers, type ServerSet } from './server-set.ts';
import { table } from '../terminal/tables.ts';
import { lineText } from '../terminal/terminal-text.ts';

/** Longer descriptions are cut in lists; `describe` shows all of them. */
const MAX_CELL_LENGTH = 160;

interface Listing {
  readonly group: SessionGroup;
  /** Whether one of these names matches the filters of the command line. */
  readonly matches: Matches;
  /** Prints the entries as JSON, or as rows of a table. */
  readonly show: (
    noun: string,
    json: unknown,
    heading: readonly string[],
    rows: readonly (readonly string[])[],
  ) => Promise<void>;
}

/**
 * Opens the servers and lists the entries of these kinds. Missing servers and lists of these kinds are reported, also by
 * the exit code.
 */
export async function listCatalog(
  invocation: Invocation,
  kinds: readonly CatalogKind[],
  list: (listing: Listing) => Promise<void>,
): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  const matches = createMatcher(operands, { loose: true });
  const set = await findServers(invocation);
  const isNamed = kinds.every((kind) => kind === 'tools' || kind === 'prompts');
  // The server of an entry can be told from its exposed name, not from a URI.
  const only = isNamed ? ownersOf(set, operands) : undefined;
  const work = async (opened: OpenServers): Promise<ExitCode> => {
    await list({
      group: opened.group,
      matches,
      show: async (noun, json, heading, rows) => {
        if (terminal.json) return terminal.jsonData(json);
        if (rows.length === 0) {
          const what = `No ${noun}${operands.length > 0 ? ' matches' : 's'}`;
          return terminal.note(
            `${what}${opened.failures.size > 0 ? ', of the servers that are there' : ''}.`,
          );
        }
        const cells = rows.map((row) =>
          row.map((cell, index) => lineText(cell, index === row.length - 1 ? MAX_CELL_LENGTH : Infinity)),
        );
        terminal.data(await table(terminal, heading, cells));
      },
    });
    return reportMissing(invocation, opened, kinds);
  };
  return withOpenServers(invocation, set, work, only === undefined ? {} : { only });
}

/** The servers that globs such as `files__*` can match; undefined when a filter may match entries of any server. */
function ownersOf(set: ServerSet, filters: readonly string[]): Set<string> | undefined {
  if (filters.length === 0 || !filters.every((filter) => /^[\w.-]+?__.*[*?[{]/.test(filter)))
    return undefined;
  const owners = new Set(filters.flatMap((filter) => [...possibleOwners(set, filter)]));
  return owners.size > 0 ? owners : undefined;
}
