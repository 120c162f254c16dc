// How the catalog is written down. A parameter's key says its type: `#` number, `?` boolean, `[]` strings, `{}` object,
// nothing for a string; `!` makes it required.
/** @type {[mark: string, schema: Record<string, unknown>][]} */
const TYPES = [
  ['[]', { type: 'array', items: { type: 'string' } }],
  ['{}', { type: 'object', additionalProperties: true }],
  ['#', { type: 'number' }],
  ['?', { type: 'boolean' }],
];

/** @type {[mark: string, schema: Record<string, unknown>]} */
const TEXT = ['', { type: 'string' }];

/** A tool as a server lists it. */
export function tool(name, description, parameters = {}, extra = {}) {
  const properties = {};
  const required = [];
  for (const [key, text] of Object.entries(parameters)) {
    const bare = key.replace('!', '');
    const [mark, type] = TYPES.find(([each]) => bare.endsWith(each)) ?? TEXT;
    const property = bare.slice(0, bare.length - mark.length);
    properties[property] = { ...type, description: text };
    if (key.includes('!')) required.push(property);
  }
  return { name, description, inputSchema: { type: 'object', properties, required }, ...extra };
}
