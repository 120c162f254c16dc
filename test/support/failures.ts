import { expect } from 'vitest';
import { PlenumError } from '../../src/index.ts';

/** The error that `promise` rejects with; fails when it does not, or with something else. */
export async function failureOf(promise: Promise<unknown>): Promise<PlenumError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'a rejection').toBeInstanceOf(PlenumError);
  return error as PlenumError;
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
