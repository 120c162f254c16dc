import { isRecord } from '../internal/checks.ts';
import { unknownName } from '../errors/catalog.ts';
import { snapshotMap } from '../internal/snapshot-map.ts';
import { visibleText } from '../internal/visible-text.ts';
import { rememberLast, type ToolProblem } from './live-tools.ts';
import type { ToolDefinition, ToolSource } from './tool-source.ts';

/** Keywords whose texts are values or addresses: changed, they would mean something else. */
const VALUES = new Set([
  'enum',
  'const',
  'default',
  'examples',
  'required',
  'dependentRequired',
  'pattern',
  '$ref',
  '$dynamicRef',
  '$recursiveRef',
  '$id',
  'id',
  '$anchor',
  '$dynamicAnchor',
  '$schema',
]);
/** Keywords whose keys are names of properties or of schemas. */
const MAPS = new Set([
  'properties',
  'patternProperties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
]);

/** The functions here are recursive; deeper schemas are not offered to any model. */
const MAX_DEPTH = 500;

/** What was found in one definition. */
interface Finding {
  /** Whether something was removed. */
  isChanged: boolean;
  /** Whether hidden characters were left in names of properties or in values, which must stay as they are. */
  hasHidden: boolean;
}

/** A definition for a model, and what had to be done to it. */
interface Cleaned {
  readonly definition: ToolDefinition;
  readonly problem: string | undefined;
}

/** Removes hidden characters from the texts of a definition. Returns the same object when there are none. */
export function cleanDefinition(definition: ToolDefinition): Cleaned {
  const finding: Finding = { isChanged: false, hasHidden: false };
  const { name, title, description, annotations } = definition;
  const inputSchema = cleanSchema(definition.inputSchema, finding, 0) as ToolDefinition['inputSchema'];
  const outputSchema = cleanSchema(definition.outputSchema, finding, 0) as ToolDefinition['outputSchema'];
  const texts = {
    name: cleanText(name, finding),
    ...(title !== undefined && { title: cleanText(title, finding) }),
    ...(description !== undefined && { description: cleanText(description, finding) }),
    ...(annotations?.title !== undefined && {
      annotations: { ...annotations, title: cleanText(annotations.title, finding) },
    }),
  };
  const clean = finding.isChanged
    ? Object.freeze({
        ...definition,
        ...texts,
        inputSchema,
        ...(outputSchema !== undefined && { outputSchema }),
      })
    : definition;
  return { definition: clean, problem: problemOf(finding) };
}

export const REMOVED = 'Characters that nobody sees were removed from its definition.';

function problemOf({ isChanged, hasHidden }: Finding): string | undefined {
  const removed = isChanged ? REMOVED : '';
  const left = hasHidden
    ? 'Names of properties or values in its schema hold characters that nobody sees; they are left, as it could not be called otherwise.'
    : '';
  return [removed, left].filter((part) => part !== '').join(' ') || undefined;
}

function cleanText<T>(text: T, finding: Finding): T | string {
  // A server may have sent something else than a text.
  if (typeof text !== 'string') return text;
  const clean = visibleText(text);
  if (clean !== text) finding.isChanged = true;
  return clean;
}

function cleanSchema(schema: unknown, finding: Finding, depth: number): unknown {
  if (typeof schema === 'string') return cleanText(schema, finding);
  if (typeof schema !== 'object' || schema === null || depth > MAX_DEPTH) return schema;
  if (Array.isArray(schema)) return schema.map((each) => cleanSchema(each, finding, depth + 1));
  const entries = Object.entries(schema).map(([key, value]: [string, unknown]) => {
    noteHidden(key, finding);
    if (VALUES.has(key)) {
      noteHidden(value, finding, depth);
      return [key, value] as const;
    }
    if (!MAPS.has(key) || !isRecord(value)) return [key, cleanSchema(value, finding, depth + 1)] as const;
    const map = Object.entries(value).map(([name, inner]) => {
      noteHidden(name, finding);
      return [name, cleanSchema(inner, finding, depth + 2)] as const;
    });
    return [key, Object.fromEntries(map)] as const;
  });
  return Object.fromEntries(entries);
}

function noteHidden(value: unknown, finding: Finding, depth = 0): void {
  if (finding.hasHidden || depth > MAX_DEPTH) return;
  if (typeof value === 'string') finding.hasHidden = visibleText(value) !== value;
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      noteHidden(key, finding, depth + 1);
      noteHidden(inner, finding, depth + 1);
    }
  }
}

/** A source whose definitions hold no hidden characters. */
interface SanitizedToolSource extends ToolSource {
  readonly problems: readonly ToolProblem[];
}

interface View {
  readonly tools: ReadonlyMap<string, ToolDefinition>;
  /** The names in the source, of tools that have another one here. */
  readonly keys: ReadonlyMap<string, string>;
  readonly problems: readonly ToolProblem[];
}

/**
 * Removes characters that nobody sees from the names, titles, descriptions and schemas of tools: a model reads them, and a
 * person who looks at the tool does not. Each definition is looked at once.
 */
export function withVisibleText(source: ToolSource): SanitizedToolSource {
  const known = new WeakMap<ToolDefinition, Cleaned>();
  const clean = (definition: ToolDefinition): Cleaned => {
    const before = known.get(definition);
    if (before !== undefined) return before;
    const made = cleanDefinition(definition);
    known.set(definition, made);
    return made;
  };
  const viewOf = rememberLast((tools: ToolSource['tools']) => view(tools, clean));
  return {
    get tools() {
      return viewOf(source.tools).tools;
    },
    get problems() {
      return viewOf(source.tools).problems;
    },
    callTool: async (name, args, options) => {
      const { tools, keys } = viewOf(source.tools);
      const isHidden = !tools.has(name) && source.tools.has(name);
      if (isHidden) throw unknownName('tool', name, tools.keys());
      return source.callTool(keys.get(name) ?? name, args, options);
    },
  };
}

function view(source: ToolSource['tools'], clean: (definition: ToolDefinition) => Cleaned): View {
  const tools = new Map<string, ToolDefinition>();
  const keys = new Map<string, string>();
  const problems: ToolProblem[] = [];
  for (const [key, given] of source) {
    const { server } = given;
    const name = visibleText(key);
    if (name !== key && (name === '' || source.has(name) || tools.has(name))) {
      const why = 'without the characters that nobody sees, its name is that of another tool or empty';
      problems.push({ tool: key, server, problem: `It is left out: ${why}.` });
      continue;
    }
    const { definition, problem } = clean(given);
    if (name === key) tools.set(name, definition);
    else {
      keys.set(name, key);
      tools.set(name, Object.freeze({ ...definition, alsoNamed: [...(definition.alsoNamed ?? []), key] }));
    }
    if (problem !== undefined) problems.push({ tool: name, server, problem });
    else if (name !== key) {
      problems.push({
        tool: name,
        server,
        problem: 'Characters that nobody sees were removed from its name.',
      });
    }
  }
  // Usually nothing is odd, and then the list stays the same object.
  const isSame =
    [...tools].every(([name, definition]) => source.get(name) === definition) && tools.size === source.size;
  return { tools: isSame ? source : snapshotMap([...tools]), keys, problems };
}
