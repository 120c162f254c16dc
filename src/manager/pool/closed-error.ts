import { PlenumError } from '../../errors/plenum-error.ts';

export function closedError(
  doing: string,
  fields: { server?: string | undefined; cause?: unknown } = {},
): PlenumError {
  const message = `${doing}: the manager is closed.`;
  return new PlenumError('SESSION_CLOSED', message, { ...fields, maybeExecuted: false });
}
