import { describe, expect, test } from 'vitest';
import { PlenumError } from '../src/index.ts';

describe('an error in other words', () => {
  const cause = new Error('the socket');
  const error = new PlenumError('CONNECTION_LOST', 'gone', { server: 's', maybeExecuted: false, cause });

  test('keeps its code, its facts and its cause', () => {
    const same = error.withMessage('gone for good');
    expect(same).toMatchObject({ code: 'CONNECTION_LOST', message: 'gone for good', server: 's' });
    expect(same).toMatchObject({ maybeExecuted: false, cause });
  });

  test('but for the facts that are replaced', () => {
    const other = error.withMessage('gone', { maybeExecuted: true, cause: error });
    expect(other).toMatchObject({ server: 's', maybeExecuted: true, cause: error });
  });
});
