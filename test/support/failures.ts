import { expect } from 'vitest';
import { PlenumError } from '../../src/index.ts';

/** What `promise` rejects with; fails when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.fail(`expected a failure, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}

/** The error that `promise` rejects with; fails when it does not, or with something else than a PlenumError. */
export async function failureOf(promise: Promise<unknown>): Promise<PlenumError> {
  const error = await rejectionOf(promise);
  if (error instanceof PlenumError) return error;
  throw new Error('expected a PlenumError', { cause: error });
}

/** The error that `act` throws. */
export function thrownBy(act: () => unknown): PlenumError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(PlenumError);
    return error as PlenumError;
  }
  throw new Error('Nothing was thrown');
}
