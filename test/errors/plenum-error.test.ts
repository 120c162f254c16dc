import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../src/index.ts';

describe('an error in other words', () => {
  const cause = new Error('the socket');
  const error = new PlenumError('CONNECTION_LOST', 'gone', { server: 's', maybeExecuted: false, cause });

  it('keeps its code, its facts and its cause', () => {
    const same = error.withMessage('gone for good');
    expect(same).toMatchObject({ code: 'CONNECTION_LOST', message: 'gone for good', server: 's' });
    expect(same).toMatchObject({ maybeExecuted: false, cause });
  });

  it('but for the facts that are replaced', () => {
    const other = error.withMessage('gone', { maybeExecuted: true, cause: error });
    expect(other).toMatchObject({ server: 's', maybeExecuted: true, cause: error });
  });
});
