import { requestFailure } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { sleep } from '../../internal/limit.ts';
import { errorText } from '../errors/error-text.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT, exitCodeOf, unreachableExitCode } from '../exit-codes.ts';
import { withOpenServers, type OpenServers } from '../servers/open-servers.ts';
import { findServers } from '../servers/server-set.ts';
import { lineText } from '../terminal/terminal-text.ts';

/** The pause between two rounds, in milliseconds. */
const PAUSE_MS = 1_000;

type Outcome =
  | { readonly server: string; readonly error: PlenumError }
  | { readonly server: string; readonly latencyMs: number };

export const run: RunCommand = async (invocation) => {
  const { terminal, interrupt, options } = invocation;
  const set = await findServers(invocation);
  return withOpenServers(invocation, set, async (opened) => {
    const report: Record<string, unknown> = {};
    let exitCode = unreachableExitCode([...opened.failures.values()]);
    for (let round = 0; round < (options.count ?? 1); round++) {
      if (round > 0) await sleep(PAUSE_MS, interrupt.signal);
      if (interrupt.signal.aborted) break;
      const outcomes = await Promise.all(
        [...Object.keys(set.servers), ...set.broken.keys()].map((server) =>
          pingOne(opened, server, interrupt.signal),
        ),
      );
      for (const outcome of outcomes) {
        const { server } = outcome;
        if ('error' in outcome) {
          const { error } = outcome;
          if (exitCode === EXIT.good) exitCode = exitCodeOf(error);
          const reason = errorText(error, invocation.inline);
          report[server] = { ok: false, reason };
          if (!terminal.json) terminal.error(reason);
        } else {
          const latencyMs = Math.round(outcome.latencyMs * 10) / 10;
          report[server] = { ok: true, latencyMs };
          if (!terminal.json) terminal.data(`${lineText(server)}: ${latencyMs} ms`);
        }
      }
    }
    if (terminal.json) terminal.jsonData(report);
    return exitCode;
  });
};

async function pingOne(
  { group, failures }: OpenServers,
  server: string,
  signal: AbortSignal,
): Promise<Outcome> {
  const failure = failures.get(server);
  if (failure !== undefined) return { server, error: failure };
  const startedAt = performance.now();
  try {
    await group.ping({ server, signal });
    return { server, latencyMs: performance.now() - startedAt };
  } catch (error) {
    return { server, error: requestFailure({ doing: `Pinging server "${server}"`, server }, error) };
  }
}
