import { isRecord } from '../../internal/checks.ts';
import { jsonText } from '../../internal/json/json-copy.ts';
import { printable } from '../../internal/text.ts';
import { visibleText } from '../../internal/visible-text.ts';
import type { ToolDefinition } from '../tool-source.ts';

const MAX_PARAMETERS = 15;
const MAX_VALUES = 6;
/** Lists of lists. */
const MAX_DEPTH = 5;
const MAX_NAME_LENGTH = 80;
const MAX_DESCRIPTION_LENGTH = 240;

/** A tool in two lines: its signature and the start of its description. */
export function toolLines(name: string, tool: ToolDefinition): string {
  const text = tool.description ?? tool.title ?? '';
  const line = printable(visibleText(text).replace(/\s+/g, ' ').trim(), MAX_DESCRIPTION_LENGTH);
  return line === '' ? signature(name, tool) : `${signature(name, tool)}\n  ${line}`;
}

/** `create_issue(title: string, labels?: string[])` */
function signature(name: string, { inputSchema }: ToolDefinition): string {
  const { properties, required } = inputSchema;
  const needed = new Set(Array.isArray(required) ? (required as unknown[]) : []);
  const all = Object.entries(isRecord(properties) ? properties : {});
  // Required parameters come first, because the signature may be cut.
  const sorted = all.toSorted(([a], [b]) => Number(needed.has(b)) - Number(needed.has(a)));
  const shown = sorted.slice(0, MAX_PARAMETERS).map(([parameter, schema]) => {
    const mark = needed.has(parameter) ? '' : '?';
    return `${printable(parameter, MAX_NAME_LENGTH)}${mark}: ${typeOf(schema)}`;
  });
  if (sorted.length > shown.length) shown.push('…');
  return `${printable(name, MAX_NAME_LENGTH)}(${shown.join(', ')})`;
}

function typeOf(schema: unknown, depth = 0): string {
  if (!isRecord(schema) || depth > MAX_DEPTH) return 'any';
  const { type, enum: values, items } = schema;
  if (Array.isArray(values) && values.length > 0 && values.length <= MAX_VALUES) {
    return values.map((value) => printable(jsonText(value) ?? 'any', 40)).join(' | ');
  }
  if (type === 'array') return items === undefined ? 'array' : `${bracketed(typeOf(items, depth + 1))}[]`;
  if (Array.isArray(type)) return type.map(String).join(' | ');
  return typeof type === 'string' ? printable(type, 40) : 'any';
}

function bracketed(type: string): string {
  return type.includes('|') ? `(${type})` : type;
}
