import { describe, expect, it, vi } from 'vitest';
import {
  guardBody,
  limitTotal,
  wholeEvents,
  type BodyFilter,
  type BodyGuard,
} from '../../../../src/transport/http/network/guard-body.ts';

const tooLarge = () => new Error('too large');
const bytes = (text: string) => new TextEncoder().encode(text);

function feed(filter: BodyFilter, chunks: string[]): 'accepted' | 'too large' {
  try {
    for (const chunk of chunks) filter.pass(bytes(chunk));
    return 'accepted';
  } catch {
    return 'too large';
  }
}

function guard(parts: Partial<BodyGuard> = {}): BodyGuard {
  return {
    filter: { pass: (chunk) => chunk },
    silenceMs: Infinity,
    onSilence: () => {},
    explain: (error) => error,
    ...parts,
  };
}

describe('T5 the size of a body', () => {
  it.each([
    { chunks: ['12345', '67890'], verdict: 'accepted' },
    { chunks: ['12345', '67890', '1'], verdict: 'too large' },
    { chunks: ['12345678901'], verdict: 'too large' },
  ])('$chunks within 10 bytes: $verdict', ({ chunks, verdict }) => {
    expect(feed(limitTotal({ maxBytes: 10, tooLarge }), chunks)).toBe(verdict);
  });
});

describe('T5 the events of a body', () => {
  const read = async (chunks: string[], maxBytes = 1_000): Promise<string> => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(bytes(chunk));
        controller.close();
      },
    });
    const filter = wholeEvents({ maxBytes, tooLarge });
    return new Response(guardBody(body, guard({ filter }))).text();
  };

  it.each([
    { chunks: ['data: {}\n\n'], text: 'data: {}\n\n' },
    {
      chunks: ['data: {}\r', '\rdata: []\r\n\r', '\n: note\n\n'],
      text: 'data: {}\n\ndata: []\n\n: note\n\n',
    },
    { chunks: ['data: {}\n\nid: 5\ndata: {"a":1}'], text: 'data: {}\n\nid: 5\ndata: {"a":1}\n\n' },
    { chunks: ['data: {}\n\nid: 5\n', 'data: {"a":'], text: 'data: {}\n\n' },
    { chunks: ['data: {}\n\nid: 5\n'], text: 'data: {}\n\n' },
    { chunks: [], text: '' },
  ])('$chunks', async ({ chunks, text }) => {
    expect(await read(chunks)).toBe(text);
    expect(await read(chunks.join('').split(''))).toBe(text);
  });

  it('one that is too large is refused, those before it are read', async () => {
    const filter = wholeEvents({ maxBytes: 10, tooLarge });
    expect(feed(filter, ['data: 12\n\n', 'data: 12\n\n'])).toBe('accepted');
    expect(feed(filter, ['data: 123'])).toBe('accepted');
    expect(feed(filter, ['45'])).toBe('too large');
  });
});

describe('T5 a guarded body', () => {
  it('passes on what it is given', async () => {
    const body = new Blob(['some', 'thing']).stream();
    expect(await new Response(guardBody(body, guard())).text()).toBe('something');
  });

  it('cancels the body when the guard objects', async () => {
    let cancelled: unknown;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes('12345')),
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const reading = new Response(
      guardBody(body, guard({ filter: limitTotal({ maxBytes: 3, tooLarge }) })),
    ).text();
    await expect(reading).rejects.toThrow('too large');
    expect(cancelled).toMatchObject({ message: 'too large' });
  });

  it('ends a body that stays silent', async () => {
    const cancel = vi.fn();
    const onSilence = vi.fn();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes('then nothing')),
      cancel,
    });
    const reading = new Response(guardBody(body, guard({ silenceMs: 50, onSilence }))).text();
    expect(await reading).toBe('then nothing');
    expect(onSilence).toHaveBeenCalledTimes(1);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('hands a cancellation on, and explains nothing then', async () => {
    let cancelled: unknown;
    const explained: unknown[] = [];
    const body = new ReadableStream<Uint8Array>({
      cancel: (reason) => {
        cancelled = reason;
      },
    });
    const guarded = guardBody(body, guard({ silenceMs: 60_000, explain: (error) => explained.push(error) }));
    const reader = guarded.getReader();
    const reading = reader.read();
    await reader.cancel('enough');
    expect(await reading).toMatchObject({ done: true });
    expect(cancelled).toBe('enough');
    expect(explained).toEqual([]);
  });

  it('lets the failure of the body be explained', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error('raw')),
    });
    const reading = new Response(guardBody(body, guard({ explain: () => new Error('explained') }))).text();
    await expect(reading).rejects.toThrow('explained');
  });

  it.each([
    ['is complete', (it: ReadableStreamDefaultController) => it.close(), 'read'],
    ['breaks', (it: ReadableStreamDefaultController) => it.error(new Error('broken')), 'read'],
    ['stays silent', () => {}, 'read'],
    ['is cancelled', () => {}, 'cancel'],
  ] as const)('tells once when it %s', async (_title, start, what) => {
    const onEnd = vi.fn();
    const guarded = guardBody(new ReadableStream<Uint8Array>({ start }), guard({ silenceMs: 50, onEnd }));
    await (what === 'read' ? new Response(guarded).text() : guarded.cancel()).catch(() => {});
    expect(onEnd).toHaveBeenCalledTimes(1);
  });
});
