import { isRecord } from '../../internal/checks.ts';

/** The texts of an entry that are searched. */
export interface SearchFields {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Names of a tool's parameters or a prompt's arguments. */
  readonly parameters: string;
  readonly server: string;
}

/** The members of entries of any kind that are searched. */
export interface Searchable {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly server?: string | undefined;
  readonly upstreamName?: string | undefined;
}

const MAX_PARAMETERS = 100;
const MAX_DEPTH = 3;
/** How many lists inside of each other are looked into. */
const MAX_LISTS = 10;

/** @param key The exposed name or URI. */
export function searchFields(key: string, entry: Searchable): SearchFields {
  const { title, description, server = '' } = entry;
  return {
    name: names(key, entry).join(' '),
    title: typeof title === 'string' ? title : annotatedTitle(entry),
    description: typeof description === 'string' ? description : '',
    parameters: [...parameterNames(entry)].join(' '),
    server,
  };
}

/** All names of an entry, each once, without the server's prefix: that is a field of its own. */
function names(key: string, { name, server, upstreamName }: Searchable): string[] {
  const prefix = `${server ?? ''}__`;
  const exposed = key.startsWith(prefix) ? key.slice(prefix.length) : key;
  return [...new Set([exposed, name, upstreamName ?? name])];
}

function annotatedTitle(entry: object): string {
  const annotations: unknown = Reflect.get(entry, 'annotations');
  const title = isRecord(annotations) ? annotations['title'] : undefined;
  return typeof title === 'string' ? title : '';
}

function parameterNames(entry: object): Set<string> {
  const found = new Set<string>();
  collect(Reflect.get(entry, 'inputSchema'), 0, found);
  const args: unknown = Reflect.get(entry, 'arguments');
  if (!Array.isArray(args)) return found;
  for (const each of args as unknown[]) {
    if (found.size < MAX_PARAMETERS && isRecord(each)) found.add(String(each['name']));
  }
  return found;
}

/** Collects the names of properties, and of properties inside them. */
function collect(schema: unknown, depth: number, found: Set<string>, lists = 0): void {
  if (!isRecord(schema) || depth === MAX_DEPTH) return;
  const { properties, items } = schema;
  if (lists < MAX_LISTS) collect(items, depth, found, lists + 1);
  if (!isRecord(properties)) return;
  for (const [name, property] of Object.entries(properties)) {
    if (found.size >= MAX_PARAMETERS) return;
    found.add(name);
    collect(property, depth + 1, found);
  }
}
