type Json = Record<string, unknown>;

const TOOL_NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const NOT_AT_TOP = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'];
const FORMATS = ['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'];
const STRICT_KEYWORDS = new Set(
  (
    'type properties required additionalProperties items enum const anyOf $ref $defs title description ' +
    'pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems'
  ).split(' '),
);

export interface SentFunction {
  name: string;
  description?: string;
  parameters?: Json;
  strict?: boolean;
}

/** What OpenAI would refuse a request for, about one function; written from its documentation and its messages. */
export function functionFaults({ name, description, parameters, strict }: SentFunction): string[] {
  const faults: string[] = [];
  if (!TOOL_NAME.test(name)) faults.push(`name ${name}`);
  if (description !== undefined && typeof description !== 'string') faults.push('description');
  if (typeof strict !== 'boolean') faults.push('strict is not said');
  if (parameters === undefined) return faults;
  if (parameters['type'] !== 'object') faults.push('not of type object');
  if (!isJson(parameters['properties'])) faults.push('object schema missing properties');
  for (const keyword of NOT_AT_TOP) if (keyword in parameters) faults.push(`${keyword} at the top level`);
  faults.push(...plainFaults(parameters, parameters, '#'));
  if (strict === true) faults.push(...strictFaults(parameters));
  return faults;
}

/** What it refuses a strict schema for. */
export function strictFaults(root: Json): string[] {
  const faults: string[] = [];
  visit(root, '#', (schema, at) => {
    for (const keyword of Object.keys(schema)) {
      if (!STRICT_KEYWORDS.has(keyword)) faults.push(`${at}: ${keyword} is not permitted`);
    }
    if ('$ref' in schema && Object.keys(schema).some((key) => key !== '$ref' && key !== '$defs')) {
      faults.push(`${at}: $ref cannot have keywords`);
    }
    if (!('type' in schema || 'anyOf' in schema || '$ref' in schema)) faults.push(`${at}: must have a type`);
    if (!typesOf(schema).includes('object')) return;
    const names = Object.keys(schema['properties'] ?? {});
    if (schema['additionalProperties'] !== false) faults.push(`${at}: additionalProperties must be false`);
    const required = schema['required'];
    const isComplete = Array.isArray(required) && names.every((name) => required.includes(name));
    if (!isComplete || required.length !== names.length) {
      faults.push(`${at}: required must name every property`);
    }
  });
  return faults;
}

function plainFaults(root: Json, start: Json, from: string): string[] {
  const faults: string[] = [];
  visit(start, from, (schema, at) => {
    const items = schema['items'];
    if (typesOf(schema).includes('array') && items === undefined)
      faults.push(`${at}: array schema missing items`);
    if (items !== undefined && !isJson(items)) faults.push(`${at}: array schema items is not an object`);
    if ('definitions' in schema || '$schema' in schema || '$id' in schema)
      faults.push(`${at}: an older draft`);
    if (typeof schema['format'] === 'string' && !FORMATS.includes(schema['format']))
      faults.push(`${at}: format`);
    const ref = schema['$ref'];
    if (typeof ref === 'string' && !refers(root, ref)) faults.push(`${at}: ${ref} leads nowhere`);
  });
  return faults;
}

function refers(root: Json, ref: string): boolean {
  if (ref === '#') return true;
  const defs = root['$defs'];
  return ref.startsWith('#/$defs/') && isJson(defs) && Object.hasOwn(defs, ref.slice('#/$defs/'.length));
}

function visit(schema: Json, at: string, look: (schema: Json, at: string) => void): void {
  look(schema, at);
  for (const keyword of ['properties', '$defs', 'dependentSchemas', 'patternProperties']) {
    const map = schema[keyword];
    if (!isJson(map)) continue;
    for (const [name, sub] of Object.entries(map))
      if (isJson(sub)) visit(sub, `${at}/${keyword}/${name}`, look);
  }
  for (const keyword of ['items', 'additionalProperties', 'not', 'if', 'then', 'else', 'contains']) {
    const sub = schema[keyword];
    if (isJson(sub)) visit(sub, `${at}/${keyword}`, look);
  }
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'prefixItems']) {
    const list = schema[keyword];
    if (!Array.isArray(list)) continue;
    list.forEach((sub: unknown, nr) => isJson(sub) && visit(sub, `${at}/${keyword}/${nr}`, look));
  }
}

function typesOf({ type }: Json): unknown[] {
  return Array.isArray(type) ? type : [type];
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
