import { Limit } from '../../../internal/limit.ts';

/** Limits of a body while it is read, and a callback for its end. */
export interface BodyGuard {
  /** Called with each chunk before the reader gets it; throws to end the body. */
  readonly check: (chunk: Uint8Array) => void;
  /** How long the reader may be kept waiting for the next chunk, in milliseconds; `Infinity` for ever. */
  readonly silenceMs: number;
  /** The wait was too long. For the reader the body ends without an error. */
  readonly onSilence: () => void;
  /** Makes the error that the reader gets out of the one that broke the body. */
  readonly explain: (error: unknown) => unknown;
  /** The body has ended, for any reason. */
  readonly onEnd?: () => void;
}

const SILENT = Symbol('silent');

/** Returns a body that reads from `body` within the limits, and cancels it when a limit is exceeded. */
export function guardBody(body: ReadableStream<Uint8Array>, guard: BodyGuard): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let cancelled = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const read = await readWithin(reader, guard.silenceMs);
        if (cancelled) return;
        if (read === SILENT) {
          guard.onSilence();
          guard.onEnd?.();
          controller.close();
          reader.cancel().catch(() => {});
        } else if (read.done) {
          guard.onEnd?.();
          controller.close();
        } else {
          guard.check(read.value);
          controller.enqueue(read.value);
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

/** Throws `tooLarge()` when the chunks together exceed `maxBytes`. */
export function limitTotal(maxBytes: number, tooLarge: () => Error): BodyGuard['check'] {
  let total = 0;
  return (chunk) => {
    total += chunk.byteLength;
    if (total > maxBytes) throw tooLarge();
  };
}

const LF = 0x0a;
const CR = 0x0d;

/**
 * Throws `tooLarge()` when one server-sent event, from blank line to blank line, exceeds `maxBytes`. Lines that
 * end in CR alone, which no known server writes, count as one.
 */
export function limitEvent(maxBytes: number, tooLarge: () => Error): BodyGuard['check'] {
  let eventBytes = 0;
  let lineIsBlank = true;
  return (chunk) => {
    let start = 0;
    while (start < chunk.byteLength) {
      const found = chunk.indexOf(LF, start);
      const end = found === -1 ? chunk.byteLength : found;
      if (end - start > 1 || (end > start && chunk[start] !== CR)) lineIsBlank = false;
      eventBytes += end - start;
      if (eventBytes > maxBytes) throw tooLarge();
      if (found !== -1) {
        if (lineIsBlank) eventBytes = 0;
        lineIsBlank = true;
      }
      start = end + 1;
    }
  };
}
