import { describe, expect, it } from 'vitest';
import { runExample } from './support.ts';

const TIMEOUT_MS = 60_000;

describe('examples of interceptors run as they stand', { timeout: TIMEOUT_MS }, () => {
  it('log-calls tells how each call went, and no argument', async () => {
    const lines = await runExample('log-calls.mjs');
    expect(lines.map((line) => line.replace(/\d+ ms$/, 'n ms'))).toEqual([
      'files read(path): ok after n ms',
      'files write(path, content): failed after n ms',
      'files wait(): TIMEOUT after n ms',
    ]);
  });

  it('cache-reads asks once, until something has changed', async () => {
    expect(await runExample('cache-reads.mjs')).toEqual([
      'Oslo: answer 1',
      'Oslo again, spelt otherwise: answer 1',
      'Rome: answer 2',
      'Oslo after a change: answer 3',
      'Oslo after the tool itself has changed: answer of the new tool',
    ]);
  });

  it('redact shows the model no address, and the server the one that is meant', async () => {
    expect(await runExample('redact.mjs')).toEqual([
      'The model reads: Ada Lovelace, <address 1>, mail before noon',
      'The server got: ada@example.org',
      'The model reads: Sent to <address 1>.',
      'And: The mailbox of <address 1> is full.',
    ]);
  });

  it('limit-rates lets the calls of one server wait for their turn', async () => {
    const lines = await runExample('limit-rates.mjs');
    const of = (start: string): readonly string[] => lines.filter((line) => line.startsWith(start));
    // What is left of half a second; on a busy machine, some of it has gone by.
    expect(of('search waits')).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/^search waits for 0\.[0-5] s$/)),
    );
    // Calls whose turn comes at the same time may end in either order.
    expect(of('search__').toSorted()).toEqual([1, 2, 3, 4].map((nr) => `search__find ${nr}`));
    expect(of('notes').toSorted()).toEqual([1, 2, 3, 4].map((nr) => `notes__list ${nr}`));
  });
});
