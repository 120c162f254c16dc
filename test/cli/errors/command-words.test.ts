import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import { withCommandWords } from '../../../src/cli/errors/command-words.ts';

describe('plenum: errors of the library in the words of the command line', () => {
  it('advice names options, and the facts stay', () => {
    const error = new PlenumError('TIMEOUT', 'No answer within 5 ms. Allow more with "timeoutMs".', {
      server: 'a',
      maybeExecuted: true,
    });
    const told = withCommandWords(error, ' More.');
    expect(told.toJSON()).toEqual({ ...error.toJSON(), message: expect.any(String) });
    expect(told.message).toBe('No answer within 5 ms. Allow more with --timeout. More.');
  });

  it('what needs no other words stays the same error', () => {
    const error = new PlenumError('TIMEOUT', 'No answer.');
    expect(withCommandWords(error)).toBe(error);
  });
});
