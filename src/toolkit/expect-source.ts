import { PlenumError } from '../errors/plenum-error.ts';
import { isRecord } from '../internal/checks.ts';

/**
 * Throws `CONFIG_INVALID` for what is no source of tools. Without that, a session or a promise would pass for a source
 * that has no tools at the moment.
 */
export function expectToolSource(source: unknown): void {
  if (isRecord(source) && 'tools' in source && typeof source['callTool'] === 'function') return;
  throw new PlenumError(
    'CONFIG_INVALID',
    `Tools must come from a group, a toolkit or another source of tools; this is ${describe(source)}.`,
  );
}

function describe(source: unknown): string {
  if (!isRecord(source)) return source === null ? 'null' : typeof source;
  if (typeof source['then'] === 'function') return 'a promise: await it first';
  if (typeof source['callTool'] === 'function') {
    return 'probably a session: use "await createToolkit(session)"';
  }
  return 'an object without "tools" and "callTool"';
}
