import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerOf, excerptOf, retryAfterOf, rpcFaultIn } from '../../../src/transport/http/refusal.ts';

const LONGEST = 2 ** 31 - 1;

function retryAfter(value: string, more: Record<string, string> = {}): number | undefined {
  return retryAfterOf(new Headers({ 'retry-after': value, ...more }));
}

describe('R13 the header Retry-After', () => {
  it.each([
    ['5', 5_000],
    ['0', 0],
    [' 7 ', 7_000],
    ['1.5', 1_500],
    ['5, 10', 10_000],
    ['007', 7_000],
    ['99999999999999999999', LONGEST],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['Sun Nov  6 08:49:37 1994', 0],
    ['Wed, 21 Oct 2099 07:28:00 GMT', LONGEST],
    ['2099-01-01T00:00:00Z', LONGEST],
    ['Sun, 06 Nov 1994 08:49:37 +0000', 0],
    ['Wed, 21 Oct 2099 09:28:00 +0200', LONGEST],
  ])('%j is read', (value, waitMs) => {
    expect(retryAfter(value)).toBe(waitMs);
  });

  it.each([
    '',
    '-5',
    '+5',
    'soon',
    'foo 12',
    'NaN',
    'Infinity',
    '1e3',
    '0x10',
    '5s',
    '12:00:00',
    '5;',
    'null',
  ])('%j says nothing', (value) => {
    expect(retryAfter(value)).toBeUndefined();
  });

  it('may be a date by the clock of the server, also one that is wrong', () => {
    const date = 'Wed, 21 Oct 2099 07:28:00 GMT';
    expect(retryAfter('Wed, 21 Oct 2099 07:28:05 GMT', { date })).toBe(5_000);
    expect(retryAfter('Wed, 21 Oct 2099 07:27:05 GMT', { date })).toBe(0);
    expect(retryAfter('Wed, 21 Oct 2099 09:28:05 +0200', { date })).toBe(5_000);
    // As seconds since 1970.
    expect(retryAfter(String(Date.parse(date) / 1_000 + 5), { date })).toBe(5_000);
    expect(retryAfter('1000000000')).toBe(0);
    const soon = retryAfter(new Date(Date.now() + 60_000).toUTCString(), { date: 'yesterday' });
    expect(soon).toBeGreaterThan(50_000);
    expect(soon).toBeLessThanOrEqual(60_000);
  });

  it('is a time that a timer can hold, or nothing, whatever it is', () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', '1', '9', ' ', ',', ':', '.', '-', 'GMT', 'Sun', 'Nov') }),
        (value) => {
          const waitMs = retryAfter(value) ?? 0;
          expect(waitMs >= 0 && waitMs <= LONGEST).toBe(true);
        },
      ),
    );
  });
});

describe('R7 the body of an HTTP error', () => {
  const fault = { code: -32_602, message: 'No such file', data: { path: '/x' } };

  it.each([
    ['alone', JSON.stringify({ jsonrpc: '2.0', id: 3, error: fault })],
    ['without a version', JSON.stringify({ id: 3, error: fault })],
    ['in an array', JSON.stringify([{ jsonrpc: '2.0', id: 3, error: fault }])],
    ['after a byte order mark', `\ufeff${JSON.stringify({ jsonrpc: '2.0', id: 3, error: fault })}`],
    ['with its code as text', JSON.stringify({ id: 3, error: { ...fault, code: '-32602' } })],
    [
      'in a batch, after a notification',
      JSON.stringify([
        { jsonrpc: '2.0', method: 'notifications/x' },
        { jsonrpc: '2.0', id: 3, error: fault },
      ]),
    ],
    ...['\n', '\r\n', '\r'].flatMap((end): [string, string][] => {
      const lines = JSON.stringify({ jsonrpc: '2.0', id: 3, error: fault }, null, 2).split('\n');
      const data = lines.map((line) => `data: ${line}`);
      return [
        [`as an event of many lines that end in ${JSON.stringify(end)}`, [...data, '', ''].join(end)],
        [
          `as the second event, without a blank line, ${JSON.stringify(end)}`,
          [': hello', 'data: {"jsonrpc":"2.0","method":"notifications/x"}', '', ...data].join(end),
        ],
      ];
    }),
    ['after blanks', `\r\n  ${JSON.stringify({ jsonrpc: '2.0', id: 3, error: fault })}`],
    ['as an event', `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: 3, error: fault })}\n\n`],
    [
      'with more members',
      JSON.stringify({ jsonrpc: '2.0', id: 3, result: null, error: { ...fault, more: 1 } }),
    ],
  ])('may be a JSON-RPC error, %s', (_how, body) => {
    expect(rpcFaultIn(body)).toEqual({ id: 3, ...fault });
  });

  it.each([
    ['no code', { message: 'm', data: 1 }, { code: -32_603, message: 'm', data: 1 }],
    ['a code that is no number', { code: 'E_NO', message: 'm' }, { code: -32_603, message: 'm' }],
    ['a text', 'm', { code: -32_603, message: 'm' }],
    ['no message', { code: 5 }, { code: 5, message: '' }],
    ['a message that is no text', { code: 5, message: null }, { code: 5, message: '' }],
  ])('may have %s in place of an error', (_what, error, read) => {
    expect(rpcFaultIn(JSON.stringify({ jsonrpc: '2.0', id: 3, error }))).toEqual({ id: 3, ...read });
  });

  it.each([
    '',
    'no',
    '{',
    'null',
    '[]',
    '{}',
    '{"error":null}',
    '{"error":"no"}',
    '{"error":{"code":"x","message":"m"}}',
    '{"error":{"message":"m"}}',
    '{"error":{"code":1.5,"message":"m"}}',
    '<error/>',
  ])('%j is none', (body) => {
    expect(rpcFaultIn(body)).toBeUndefined();
  });

  it.each([
    [
      '<!DOCTYPE html><html><head><title>502 Bad\n Gateway</title></head><body>x</body></html>',
      '502 Bad Gateway',
    ],
    ['<html><body><h1>Oh</h1><p>no <b>more</b></p></body></html>', 'Oh no more'],
    ['<html><style>b { x: y }</style><script>if (a<b) c()</script>text</html>', 'text'],
    ['<html><title></title><p>words', 'words'],
    ['upstream connect error', 'upstream connect error'],
    ['a < b and b > a', 'a < b and b > a'],
    ['{"message":"nope"}', '{"message":"nope"}'],
    ['\u001b[31mred\u0007', String.raw`\u{1b}[31mred\u{7}`],
    ['  \n ', ''],
    ['', ''],
  ])('%j is shown as %j', (body, words) => {
    expect(excerptOf(body)).toBe(words);
  });

  it('is short, harmless and quick to read, whatever it is', () => {
    const pieces = fc.constantFrom(
      '<',
      '>',
      '<title',
      '</title>',
      '<script',
      'data:',
      '\u001b',
      '\u202e',
      ' ',
      'x',
      '{',
      '"',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 400 }), fc.integer({ min: 1, max: 500 }), (some, times) => {
        const body = some.join('').repeat(times);
        const startedAt = performance.now();
        const { excerpt } = answerOf({ status: 500, text: body });
        expect(performance.now() - startedAt).toBeLessThan(100);
        expect(excerpt).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        expect(excerpt.length).toBeLessThan(2_000);
      }),
      { numRuns: 60 },
    );
  });
});

describe('R7 whether a request ran that was answered with an HTTP error', () => {
  const body = (code: number): string =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message: 'm' } });

  it.each([
    [401, {}],
    [403, {}],
    [404, {}],
    [405, {}],
    [413, {}],
    [415, {}],
    [429, {}],
    [429, { retryAfterMs: 1_000 }],
    [503, { retryAfterMs: 1_000 }],
    [400, { text: body(-32_700) }],
    [400, { text: body(-32_600) }],
    [400, { text: body(-32_601) }],
  ])('%i with %j: no', (status, more) => {
    expect(answerOf({ status, ...more }).maybeExecuted).toBe(false);
  });

  it.each([
    [400, {}],
    [400, { text: body(-32_602) }],
    [408, {}],
    [409, {}],
    [422, {}],
    [500, {}],
    [500, { retryAfterMs: 1_000 }],
    [500, { text: body(-32_600) }],
    [502, {}],
    [503, {}],
    [504, { retryAfterMs: 1_000 }],
  ])('%i with %j: perhaps', (status, more) => {
    expect(answerOf({ status, ...more }).maybeExecuted).toBe(true);
  });
});
