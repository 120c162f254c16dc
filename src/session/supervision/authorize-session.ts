import { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { SessionErrors } from '../errors/session-errors.ts';
import { reasonOf, type SignIn } from '../sign-in/sign-in.ts';
import type { Supervisor } from './supervisor.ts';

/** Has somebody sign in, then brings the session back unless it is ready or asleep. See `Session.authorize`. */
export async function authorizeSession(
  server: string,
  signIn: SignIn,
  supervisor: Supervisor,
  given: AbortSignal | undefined,
): Promise<void> {
  const doing = `Signing in to server "${server}"`;
  const { closing, status } = supervisor;
  const limit = new Limit(
    {},
    { signal: closing, reason: () => new SessionErrors(server).closed(undefined, doing) },
    {
      signal: given,
      reason: (cause) => new PlenumError('ABORTED', `${doing}: given up by the caller.`, { server, cause }),
    },
  );
  const refused = status.error?.code === 'AUTH_REQUIRED' ? status.error : undefined;
  // Credentials that saw a refusal say why; of one that they did not see they know nothing, and would do nothing.
  const ifNeeded = refused === undefined || reasonOf(refused) !== undefined;
  try {
    limit.throwIfEnded();
    await signIn.authorize({ ifNeeded, signal: limit.signal });
    limit.throwIfEnded();
    const { state } = supervisor.status;
    if (state !== 'ready' && state !== 'idle') await limit.hold(supervisor.reconnect());
  } catch (error) {
    throw limit.explain(error);
  } finally {
    limit.stop();
  }
}
