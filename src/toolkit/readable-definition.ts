import { wellFormedJson } from './content/well-formed.ts';
import type { ToolDefinition } from './tool-source.ts';

/** Characters of JSON: more than a hundred thousand tokens, for one tool, in every turn. */
export const MAX_DEFINITION_LENGTH = 400_000;

/** A tool as a model can be shown it, or why it cannot. */
export function readableDefinition(
  definition: ToolDefinition,
): { readonly definition: ToolDefinition } | { readonly problem: string } {
  const { title, description, inputSchema } = definition;
  const shown = { title, description, inputSchema };
  const json = jsonOf(shown);
  if (json === undefined) return { problem: 'Its definition is nested too deeply to be sent.' };
  if (json.length > MAX_DEFINITION_LENGTH) {
    const problem = `Its definition has ${json.length} characters, and no more than ${MAX_DEFINITION_LENGTH} are sent.`;
    return { problem };
  }
  const fit = wellFormedJson(shown, json);
  return { definition: fit === shown ? definition : { ...definition, ...fit } };
}

/** Undefined for what is nested too deeply. */
function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
