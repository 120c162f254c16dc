import { ProtocolError } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../src/errors/plenum-error.ts';
import { failRequest, localFailure } from '../../src/transport/fail-request.ts';

const failure = new PlenumError('CONNECTION_LOST', 'The stream broke.', { maybeExecuted: true });

describe('a request that fails on our side', () => {
  it('is known again by the error that the official client makes of it', () => {
    const answer = failRequest(7, failure);
    expect(answer).toMatchObject({ jsonrpc: '2.0', id: 7, error: { message: 'The stream broke.' } });
    const { code, message, data } = answer.error;
    expect(localFailure(ProtocolError.fromError(code, message, data).data)).toBe(failure);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'CONNECTION_LOST'],
    ['the error itself', failure],
    ['what JSON makes of it', JSON.parse(JSON.stringify(failRequest(7, failure).error.data))],
    ['a structured clone of it', structuredClone(failRequest(7, failure).error.data)],
    ['an object of its class', Object.create(Object.getPrototypeOf(failRequest(7, failure).error.data))],
  ])('is not known by %s, which a server may have sent', (_, data) => {
    expect(localFailure(data)).toBeUndefined();
  });
});
