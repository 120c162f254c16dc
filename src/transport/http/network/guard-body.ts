import { Limit } from '../../../internal/limit.ts';
import type { OnHttpOddity } from '../../managed-transport.ts';
import { EventSplitter, type BodyLimit } from './event-stream.ts';

/** What a body passes through while it is read, its limits, and a callback for its end. */
export interface BodyGuard {
  readonly filter: BodyFilter;
  /** How long the reader may be kept waiting for the next chunk, in milliseconds; `Infinity` for ever. */
  readonly silenceMs: number;
  /** The wait was too long. For the reader the body ends without an error. */
  readonly onSilence: () => void;
  /** Makes the error that the reader gets out of the one that broke the body. */
  readonly explain: (error: unknown) => unknown;
  /** The body has ended, for any reason. */
  readonly onEnd?: () => void;
}

export interface BodyFilter {
  /** Takes a chunk; returns what the reader gets, if there is anything yet. Throws to end the body. */
  pass(chunk: Uint8Array): Uint8Array | undefined;
  /** What the reader gets at the end of a body that has come as a whole. */
  end?(): Uint8Array | undefined;
}

const SILENT = Symbol('silent');

/** Returns a body that reads from `body` within the limits, and cancels it when a limit is exceeded. */
export function guardBody(body: ReadableStream<Uint8Array>, guard: BodyGuard): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let cancelled = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        for (;;) {
          const read = await readWithin(reader, guard.silenceMs);
          if (cancelled) return;
          if (read === SILENT) {
            guard.onSilence();
            guard.onEnd?.();
            controller.close();
            reader.cancel().catch(() => {});
            return;
          }
          const passed = read.done ? guard.filter.end?.() : guard.filter.pass(read.value);
          if (passed !== undefined) controller.enqueue(passed);
          if (read.done) {
            guard.onEnd?.();
            controller.close();
          }
          if (read.done || passed !== undefined) return;
        }
      } catch (error) {
        if (cancelled) return;
        const explained = guard.explain(error);
        guard.onEnd?.();
        controller.error(explained);
        reader.cancel(error).catch(() => {});
      }
    },
    async cancel(reason) {
      cancelled = true;
      guard.onEnd?.();
      await reader.cancel(reason);
    },
  });
}

async function readWithin(reader: ReadableStreamDefaultReader<Uint8Array>, ms: number) {
  const limit = new Limit({ ms, keepAlive: false });
  try {
    return await limit.hold(reader.read());
  } catch (error) {
    if (limit.ended) return SILENT;
    throw error;
  } finally {
    limit.stop();
  }
}

/** Throws when the chunks together are too large. */
export function limitTotal(limit: BodyLimit): BodyFilter {
  let total = 0;
  return {
    pass(chunk) {
      total += chunk.byteLength;
      if (total > limit.maxBytes) throw limit.tooLarge();
      return chunk;
    },
  };
}

/** Passes on whole events, with lines that end in LF. Throws when one event is too large. For `onOddity` see `TransportContext`. */
export function wholeEvents(limit: BodyLimit, onOddity?: OnHttpOddity | false): BodyFilter {
  const splitter = new EventSplitter(limit);
  const encoded = (text: string | undefined): Uint8Array | undefined =>
    text === undefined ? undefined : Buffer.from(text);
  return {
    pass: ({ buffer, byteOffset, byteLength }) =>
      encoded(splitter.push(Buffer.from(buffer, byteOffset, byteLength))),
    end: () => {
      const last = onOddity === false ? undefined : splitter.end();
      if (last !== undefined && onOddity !== false) onOddity?.('end-of-stream', 'the last event');
      return encoded(last);
    },
  };
}
