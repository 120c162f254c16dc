import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;
const CHUNK_BYTES = 64 * 1024;

/**
 * Reads a pipe or a device to its end. Ends after `silenceMs` in which nothing came, with what came until then and `ended:
 * false`: opened in the usual way, a pipe that nobody writes to would keep a thread of this process for ever.
 */
export async function* readPipe(
  path: string,
  silenceMs: number,
): AsyncGenerator<Buffer, { readonly ended: boolean }> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // A pipe without a writer, which may come yet, looks as it does at its end.
    let mayEnd = !(await file.stat()).isFIFO();
    for (let silentSince = performance.now(); performance.now() - silentSince < silenceMs;) {
      const bytes = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, null).catch(noneYet);
      if (bytes !== undefined && bytes.bytesRead > 0) {
        mayEnd = true;
        silentSince = performance.now();
        yield bytes.buffer.subarray(0, bytes.bytesRead);
      } else if (bytes !== undefined && mayEnd) {
        return { ended: true };
      } else {
        await sleep(LOOK_EVERY_MS);
      }
    }
    return { ended: false };
  } finally {
    await file.close();
  }
}

function noneYet(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return undefined;
  throw error;
}
