import { isRecord } from '../../internal/checks.ts';
import { resolveSchema, typesOf, type Schema } from '../arguments/schema-types.ts';
import { jsonText, lineText } from '../terminal/terminal-text.ts';

const DEEPEST = 5;
const MOST_ROWS = 500;

/** One row for each property of a schema, nested ones included: path, type, whether it is required, description. */
export function schemaRows(root: Schema): string[][] {
  const rows: string[][] = [];
  const walk = (given: unknown, path: string, depth: number, lists = 0): void => {
    const schema = resolveSchema(given, root);
    const { properties, required, items } = schema;
    // The items of a list may be lists, and by a reference the list itself.
    if (isRecord(items) && depth < DEEPEST && lists < DEEPEST) walk(items, `${path}[]`, depth, lists + 1);
    if (!isRecord(properties) || depth >= DEEPEST) return;
    for (const [key, property] of Object.entries(properties)) {
      if (rows.length >= MOST_ROWS) return;
      const name = path === '' ? key : `${path}.${key}`;
      const isRequired = Array.isArray(required) && required.includes(key);
      rows.push([
        lineText(name),
        typeText(property, root),
        isRequired ? 'yes' : '',
        about(resolveSchema(property, root)),
      ]);
      walk(property, name, depth + 1);
    }
  };
  walk(root, '', 0);
  return rows;
}

function typeText(given: unknown, root: Schema): string {
  const schema = resolveSchema(given, root);
  const { enum: values, const: value, items, format } = schema;
  if (Array.isArray(values)) return lineText(values.map((each) => jsonText(each, 0)).join(' | '), 200);
  if (value !== undefined) return lineText(jsonText(value, 0), 200);
  const types = [...typesOf(schema, root)];
  if (types.length === 0) return 'any';
  const inner = items === undefined ? '' : ` of ${[...typesOf(items, root)].join(' | ') || 'any'}`;
  const kind = typeof format === 'string' ? ` (${lineText(format, 40)})` : '';
  return types.map((type) => (type === 'array' ? `array${inner}` : type)).join(' | ') + kind;
}

const LIMITS = ['minimum', 'maximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern'];

function about(schema: Schema): string {
  const { description, title, default: byDefault } = schema;
  const text = typeof description === 'string' ? description : typeof title === 'string' ? title : '';
  const facts = LIMITS.filter((key) => schema[key] !== undefined).map(
    (key) => `${key}: ${jsonText(schema[key], 0)}`,
  );
  if (byDefault !== undefined) facts.unshift(`default: ${jsonText(byDefault, 0)}`);
  const more = facts.length === 0 ? '' : `(${facts.join(', ')})`;
  return lineText(`${text} ${more}`, 400);
}
