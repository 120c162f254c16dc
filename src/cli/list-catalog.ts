import type { SessionGroup } from '../group/session-group.ts';
import type { Invocation } from './context.ts';
import type { ExitCode } from './exit-codes.ts';
import { reportMissing, withFleet } from './fleet.ts';
import { createMatcher, type Matches } from './match.ts';
import { findServers } from './server-set.ts';
import { table } from './tables.ts';
import { lineText } from './terminal-text.ts';

/** Longer descriptions are cut in lists; `describe` shows all. */
const LONGEST_CELL = 160;

interface Listing {
  readonly group: SessionGroup;
  /** Whether one of these names passes the filters of the command line. */
  readonly matches: Matches;
  /** Shows the entries: as JSON, or as rows of any text. */
  readonly show: (
    noun: string,
    json: unknown,
    heading: readonly string[],
    rows: readonly (readonly string[])[],
  ) => Promise<void>;
}

/** Opens the servers and lists what they offer; what is missing from that is said, also by the exit code. */
export async function listCatalog(
  invocation: Invocation,
  list: (listing: Listing) => Promise<void>,
): Promise<ExitCode> {
  const { terminal, operands } = invocation;
  const matches = await createMatcher(operands, { loose: true });
  const set = await findServers(invocation);
  return withFleet(invocation, set, async (fleet) => {
    await list({
      group: fleet.group,
      matches,
      show: async (noun, json, heading, rows) => {
        if (terminal.json) return terminal.jsonData(json);
        if (rows.length === 0) return terminal.note(`No ${noun}${operands.length > 0 ? ' matches' : 's'}.`);
        const cells = rows.map((row) =>
          row.map((cell, index) => lineText(cell, index === row.length - 1 ? LONGEST_CELL : Infinity)),
        );
        terminal.data(await table(terminal, heading, cells));
      },
    });
    return reportMissing(invocation, fleet);
  });
}
