import { describe, expect, it, vi } from 'vitest';
import {
  guardBody,
  limitEvent,
  limitTotal,
  type BodyGuard,
} from '../../../../src/transport/http/network/guard-body.ts';

const tooLarge = () => new Error('too large');
const bytes = (text: string) => new TextEncoder().encode(text);

function feed(check: BodyGuard['check'], chunks: string[]): 'accepted' | 'too large' {
  try {
    for (const chunk of chunks) check(bytes(chunk));
    return 'accepted';
  } catch {
    return 'too large';
  }
}

function guard(parts: Partial<BodyGuard> = {}): BodyGuard {
  return { check: () => {}, silenceMs: Infinity, onSilence: () => {}, explain: (error) => error, ...parts };
}

describe('T5 the size of a body', () => {
  it.each([
    { chunks: ['12345', '67890'], verdict: 'accepted' },
    { chunks: ['12345', '67890', '1'], verdict: 'too large' },
    { chunks: ['12345678901'], verdict: 'too large' },
  ])('$chunks within 10 bytes: $verdict', ({ chunks, verdict }) => {
    expect(feed(limitTotal(10, tooLarge), chunks)).toBe(verdict);
  });
});

describe('T5 the size of an event', () => {
  it.each([
    { title: 'one event', chunks: ['data: 1234\n\n'], verdict: 'accepted' },
    { title: 'one long event', chunks: ['data: 12345\n\n'], verdict: 'too large' },
    { title: 'a long event in pieces', chunks: ['da', 'ta', ': 1', '23', '45'], verdict: 'too large' },
    { title: 'many events', chunks: ['data: 1234\n\n'.repeat(50)], verdict: 'accepted' },
    { title: 'many events in pieces', chunks: 'data: 1234\n\n'.repeat(5).split(''), verdict: 'accepted' },
    { title: 'many events with CRLF', chunks: 'data: 12\r\n\r\n'.repeat(5).split(''), verdict: 'accepted' },
    { title: 'an event of many lines', chunks: ['id: 1\n', 'id: 2\n', 'id: 3\n'], verdict: 'too large' },
    { title: 'a long comment', chunks: [`: ${'x'.repeat(20)}`], verdict: 'too large' },
    { title: 'blank lines', chunks: ['\n'.repeat(100), '\r\n'.repeat(100)], verdict: 'accepted' },
  ])('$title within 10 bytes: $verdict', ({ chunks, verdict }) => {
    expect(feed(limitEvent(10, tooLarge), chunks)).toBe(verdict);
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
    const reading = new Response(guardBody(body, guard({ check: limitTotal(3, tooLarge) }))).text();
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
