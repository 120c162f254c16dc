import { isJSONRPCErrorResponse, isJSONRPCResultResponse } from '@modelcontextprotocol/client';
import { assert, constantFrom, jsonValue, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAnswer } from '../../src/transport/json-rpc.ts';

const isOfficialAnswer = (message: object): boolean =>
  isJSONRPCResultResponse(message) || isJSONRPCErrorResponse(message);

/** Members as answers have them, and as they should not be. */
const members = {
  jsonrpc: constantFrom('2.0', '1.0', 2),
  id: oneof(constantFrom(1, 'a', 1.5, 2 ** 53, null, true), jsonValue()),
  result: oneof(record({ _meta: jsonValue(), more: jsonValue() }, { requiredKeys: [] }), jsonValue()),
  error: oneof(
    record({
      code: oneof(constantFrom(1, 1.5, 2 ** 53), jsonValue()),
      message: constantFrom('x', 5),
      data: jsonValue(),
    }),
    jsonValue(),
  ),
  method: constantFrom('ping'),
};

describe('S9 what counts as an answer', () => {
  it('is what the official client takes for one', () => {
    assert(
      property(record(members, { requiredKeys: ['jsonrpc'] }), (message) => {
        expect(isAnswer(message)).toBe(isOfficialAnswer(message));
      }),
      { numRuns: 3_000 },
    );
  });

  it.each([
    ['a token for progress', { progressToken: {} }],
    ['a related task', { 'io.modelcontextprotocol/related-task': 'none' }],
    ['a server that is none', { 'io.modelcontextprotocol/serverInfo': 5 }],
    ['a list', []],
    ['null', null],
  ])('whatever its _meta holds: %s', (_, meta) => {
    const message = { jsonrpc: '2.0', id: 1, result: { _meta: meta } };
    expect(isAnswer(message)).toBe(isOfficialAnswer(message));
  });
});
