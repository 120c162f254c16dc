import type { CallOptions } from '../../session/call-options.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { ServerSet } from './server-set.ts';

/**
 * How long a call may take: `--timeout`, whatever happens. Without it, as long as there is progress; and on a terminal
 * for ever, unless the configuration says otherwise: its user may be filling in a form of that call, and has Ctrl-C.
 */
export function callTimeouts(
  { options: { timeout }, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  { servers, options }: ServerSet,
  server: string | undefined,
): CallOptions {
  if (timeout !== undefined) return { timeoutMs: timeout, maxTotalTimeoutMs: timeout };
  const spec = server === undefined ? undefined : servers[server];
  const isConfigured = options.timeoutMs !== undefined || spec?.timeoutMs !== undefined;
  return {
    resetTimeoutOnProgress: true,
    ...(terminal.interactive && !isConfigured && { timeoutMs: Infinity }),
  };
}
