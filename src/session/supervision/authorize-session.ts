import { PlenumError } from '../../errors/plenum-error.ts';
import { settledWithin } from '../../internal/limit.ts';
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
  const throwIfOver = (): void => {
    if (closing.aborted) throw new SessionErrors(server).closed(undefined, doing);
    if (given?.aborted !== true) return;
    throw new PlenumError('ABORTED', `${doing}: given up by the caller.`, { server, cause: given.reason });
  };
  throwIfOver();
  const refused = status.error?.code === 'AUTH_REQUIRED' ? status.error : undefined;
  // Credentials that saw a refusal say why; of one that they did not see they know nothing, and would do nothing.
  const ifNeeded = refused === undefined || reasonOf(refused) !== undefined;
  const signal = given === undefined ? closing : AbortSignal.any([given, closing]);
  try {
    await signIn.authorize({ ifNeeded, signal });
  } catch (error) {
    throwIfOver();
    throw error;
  }
  throwIfOver();
  const { state } = supervisor.status;
  if (state === 'ready' || state === 'idle') return;
  const back = supervisor.reconnect();
  if (!(await settledWithin(back, Infinity, signal))) throwIfOver();
  await back;
}
