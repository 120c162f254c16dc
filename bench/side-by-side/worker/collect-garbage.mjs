/** Collects garbage, so that what is left is in use. The process was started with `--expose-gc`. */
export function collectGarbage() {
  if (globalThis.gc === undefined) throw new Error('Start this process with --expose-gc.');
  globalThis.gc();
}
