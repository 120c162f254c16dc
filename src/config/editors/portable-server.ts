import { isRecord } from '../../internal/checks.ts';
import type { EditorId } from './editors.ts';

/**
 * Converts an editor's definition of a server to one that a Plenum configuration accepts; most dialects need no
 * change. References are not expanded. Returns undefined for an entry that defines no server, such as the settings of
 * an extension.
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

/** An older form has an object for the command line; settings of extensions have no command. */
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

/** Gemini CLI also expands `$VAR` without braces. */
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
