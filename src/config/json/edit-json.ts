import { createScanner, findNodeAtLocation, parseTree, type JSONPath, type Node } from 'jsonc-parser';

/**
 * Sets one value in a JSON text with comments and creates missing objects around it. All other text stays unchanged.
 * The `modify` of the parser's library is not used: it formats neighbours anew and moves a comment at the end of a
 * line to the next property.
 */
export function setValue(text: string, path: JSONPath, value: unknown): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined) throw new TypeError('Only a JSON text can be edited.');
  const node = findNodeAtLocation(root, path);
  if (node !== undefined) {
    const rendered = render(value, layoutOf(text), indentAt(text, node.offset));
    return text.slice(0, node.offset) + rendered + text.slice(node.offset + node.length);
  }
  const step = path.at(-1) ?? '';
  const outer = path.slice(0, -1);
  const holder = findNodeAtLocation(root, outer);
  if (holder === undefined)
    return setValue(text, outer, typeof step === 'number' ? [value] : { [step]: value });
  return append(text, holder, typeof step === 'number' ? undefined : step, value);
}

/** Puts a new property or element after the last one, on a line of its own. */
function append(text: string, holder: Node, key: string | undefined, value: unknown): string {
  const layout = layoutOf(text);
  const closing = holder.offset + holder.length - 1;
  const last = holder.children?.at(-1);
  const outerIndent = indentAt(text, holder.offset);
  const indent =
    last !== undefined && beginsLine(text, last.offset)
      ? indentAt(text, last.offset)
      : outerIndent + layout.unit;
  const name = key === undefined ? '' : `${JSON.stringify(key)}: `;

  const contentEnd = endOfContent(text, closing);
  const lastEnd = last === undefined ? contentEnd : last.offset + last.length;
  const hasComma = last !== undefined && nextToken(text, lastEnd) === ',';
  const before =
    text.slice(0, lastEnd) + (last !== undefined && !hasComma ? ',' : '') + text.slice(lastEnd, contentEnd);
  const blank = text.slice(contentEnd, closing);
  const after = blank.includes('\n') ? blank : layout.eol + outerIndent;
  const added = layout.eol + indent + name + render(value, layout, indent) + (hasComma ? ',' : '');
  return before + added + after + text.slice(closing);
}

interface Layout {
  readonly unit: string;
  readonly eol: string;
}

/** Finds the indentation of a text, from its first indented line. */
function layoutOf(text: string): Layout {
  const unit = /^[\t ]+(?=\S)/m.exec(text)?.[0] ?? '  ';
  return { unit, eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function render(value: unknown, { unit, eol }: Layout, indent: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + indent);
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function indentAt(text: string, offset: number): string {
  return /^[\t ]*/.exec(text.slice(lineStart(text, offset), offset))?.[0] ?? '';
}

function beginsLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === '';
}

/** Where the last token before `closing` ends, which may be a comment. */
function endOfContent(text: string, closing: number): number {
  let end = closing;
  while (' \t\r\n'.includes(text[end - 1] ?? '.')) end--;
  return end;
}

function nextToken(text: string, offset: number): string | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  scanner.scan();
  return text[scanner.getTokenOffset()];
}
