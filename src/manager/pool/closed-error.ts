import { closed } from '../../errors/session-end.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';

export function closedError(
  doing: string,
  fields: { server?: string | undefined; cause?: unknown } = {},
): PlenumError {
  return closed('manager', doing, { ...fields, maybeExecuted: false });
}
