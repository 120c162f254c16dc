/** The texts of a tool's result. */
export function textsOf({ content }: { content?: unknown }): string[] {
  const blocks: unknown[] = Array.isArray(content) ? content : [];
  return blocks.flatMap((block) =>
    typeof block === 'object' && block !== null && 'text' in block ? [String(block.text)] : [],
  );
}

/** The texts of a tool's result as one; there must be one at least. */
export function textOf(result: { content?: unknown }): string {
  const texts = textsOf(result);
  if (texts.length > 0) return texts.join('\n');
  throw new Error(`expected a text, got ${JSON.stringify(result)}`);
}

/** What a tool returned as JSON text. */
export function jsonOf(result: { content?: unknown }): unknown {
  return JSON.parse(textOf(result));
}
