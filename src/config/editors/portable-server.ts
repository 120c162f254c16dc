import { isRecord } from '../../internal/checks.ts';
import type { EditorId } from './editors.ts';

/**
 * A server as an editor has it, so that a configuration of Plenum can have it: unexpanded, and in most dialects as
 * it stands. Undefined for what is no server of one's own, such as an extension's.
 */
export function portableServer(editor: EditorId, given: unknown): Record<string, unknown> | undefined {
  if (!isRecord(given)) return undefined;
  switch (editor) {
    case 'zed':
      return fromZed(given);
    case 'gemini-cli':
      return fromGemini(given);
    default:
      return { ...given };
  }
}

/** An older form has the whole command line as an object; settings of extensions have none at all. */
function fromZed({
  source: _,
  settings: __,
  command,
  ...rest
}: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  if (!isRecord(command))
    return command === undefined && rest['url'] === undefined
      ? undefined
      : { ...(command !== undefined && { command }), ...rest };
  const { path, args, env } = command;
  return { command: path, ...(args !== undefined && { args }), ...(env !== undefined && { env }), ...rest };
}

/** It also expands `$VAR`, without braces. */
function fromGemini(given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const braced = (value: unknown): unknown =>
    typeof value === 'string' ? value.replace(/\$([A-Za-z_]\w*)/g, '${$1}') : value;
  const entries = Object.entries(given).map(([key, value]) => {
    if ((key !== 'env' && key !== 'headers') || !isRecord(value)) return [key, value] as const;
    return [
      key,
      Object.fromEntries(Object.entries(value).map(([name, each]) => [name, braced(each)])),
    ] as const;
  });
  return Object.fromEntries(entries);
}
