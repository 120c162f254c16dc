import type { Readable, Writable } from 'node:stream';

/**
 * Copies `source` to a stream of the caller's, at that stream's pace, and never ends it. Returns how to let
 * `source` run at its own pace from then on; what the target has no room for is left out.
 *
 * Not `pipe`, which keeps several listeners on the target while the server lives: many servers may well share
 * one log.
 */
export function forward(source: Readable, target: Writable): () => void {
  let patient = true;
  const proceed = (): void => {
    target.off('drain', proceed);
    target.off('close', proceed);
    source.resume();
  };
  source.on('data', (chunk: Buffer) => {
    if (!target.writable || (!patient && target.writableNeedDrain)) return;
    if (target.write(chunk) || !patient) return;
    source.pause();
    target.on('drain', proceed);
    target.on('close', proceed);
  });
  return () => {
    patient = false;
    proceed();
  };
}
