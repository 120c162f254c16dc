import type { CallOptions } from '../../session/call-options.ts';
import type { Invocation } from '../command-line/invocation.ts';
import type { ServerSet } from './server-set.ts';

/**
 * The time limits of a call. With `--timeout`, that is the limit for the whole call. Without it, progress extends the
 * limit. On a terminal there is no limit unless the configuration sets one: the user may be answering a question of
 * the call, and can press Ctrl-C.
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
