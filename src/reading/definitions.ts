import { isRecord } from '../internal/checks.ts';
import { isDeeperThan } from '../internal/json/depth.ts';
import type { Findings } from './oddities.ts';
import {
  flag,
  listOf,
  MOST_LEVELS,
  name,
  number,
  oneOf,
  only,
  record,
  Shape,
  text,
  UNUSABLE,
  type Kind,
} from './shapes.ts';

/** RFC 3339, as the official client checks it: with a time zone, seconds optional. */
const MOMENT =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;
const WITHOUT_ZONE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?$/;

const moment: Kind = {
  fits: (value) => typeof value === 'string' && isMoment(value),
  mend(value, place, findings) {
    if (typeof value !== 'string') return UNUSABLE;
    const [, day = '', time = '00:00:00'] = WITHOUT_ZONE.exec(value.trim()) ?? [];
    const read = `${day}T${time}Z`;
    if (!isMoment(read)) return UNUSABLE;
    findings.add('no-time-zone', place);
    return read;
  },
};

function isMoment(value: string): boolean {
  const [, year, month, day] = MOMENT.exec(value) ?? [];
  if (year === undefined) return false;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

export const icons = listOf(
  new Shape({
    required: { src: name },
    optional: { mimeType: text, sizes: listOf(text), theme: oneOf('light', 'dark') },
  }),
);

export const annotations = new Shape({
  optional: {
    audience: listOf(oneOf('user', 'assistant')),
    priority: number((value) => value >= 0 && value <= 1),
    lastModified: moment,
  },
});

const toolAnnotations = new Shape({
  optional: {
    title: text,
    readOnlyHint: flag,
    destructiveHint: flag,
    idempotentHint: flag,
    openWorldHint: flag,
  },
});

/** The members of a schema's root that the official client checks. */
const schemaMembers = {
  properties: record,
  required: listOf(name),
  $schema: name,
};

const objectSchema = new Shape({
  required: { type: only((value) => value === 'object') },
  optional: schemaMembers,
  fallbacks: { type: ({ type }) => (mayBeObject(type) ? 'object' : UNUSABLE) },
});

function mayBeObject(type: unknown): boolean {
  if (type === undefined || type === null) return true;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.some((each) => typeof each === 'string' && each.toLowerCase() === 'object');
}

/** Arguments are an object, whatever a schema says. */
const inputSchema: Kind = {
  fits: (value) => objectSchema.fits(value),
  mend(value, place, findings) {
    const given = Array.isArray(value) && value.length === 0 ? {} : value;
    const read = objectSchema.mend(given, place, findings);
    if (read !== UNUSABLE && isRecord(value) && value['type'] === 'object') return read;
    findings.add('input-schema', place);
    return read === UNUSABLE ? { type: 'object' } : read;
  },
};

/** Until 2025-11-25: structured content is an object. */
const objectOutputSchema: Kind = {
  fits: (value) => objectSchema.fits(value),
  mend(value, place, findings) {
    const read = isRecord(value) ? objectSchema.mend(value, place, findings) : UNUSABLE;
    if (read === UNUSABLE) return UNUSABLE;
    if (value !== null && Reflect.get(Object(value), 'type') !== 'object')
      findings.add('output-schema', place);
    return read;
  },
};

/** From 2026-07-28 on, structured content may be anything. */
const anyOutputSchema = new Shape({ optional: { $schema: name } });

const named = { optional: { title: text, icons, description: text, _meta: record } };

function toolShape(outputSchema: Kind): Shape {
  return new Shape({
    required: { name, inputSchema },
    optional: {
      ...named.optional,
      outputSchema,
      annotations: toolAnnotations,
      execution: new Shape({ optional: { taskSupport: oneOf('required', 'optional', 'forbidden') } }),
    },
    fallbacks: {
      inputSchema(_tool, place, findings) {
        findings.add('input-schema', place);
        return { type: 'object' };
      },
    },
  });
}

const promptShape = new Shape({
  required: { name },
  optional: {
    ...named.optional,
    arguments: listOf(new Shape({ required: { name }, optional: { description: text, required: flag } })),
  },
});

/** The name of a resource is for people only: its URI tells it from the others. */
function nameByUri(member: 'uri' | 'uriTemplate') {
  return (resource: Readonly<Record<string, unknown>>, place: string, findings: Findings): unknown => {
    const uri = resource[member];
    if (typeof uri !== 'string') return UNUSABLE;
    findings.add('no-name', place);
    return uri;
  };
}

export const resourceShape = new Shape({
  required: { uri: name, name },
  optional: { ...named.optional, mimeType: text, size: number(), annotations },
  fallbacks: { name: nameByUri('uri') },
});

const templateShape = new Shape({
  required: { uriTemplate: name, name },
  optional: { ...named.optional, mimeType: text, annotations },
  fallbacks: { name: nameByUri('uriTemplate') },
});

/** The entries of a list: each is mended, or left out, by itself. */
function entriesOf(what: string, shape: Shape): Kind {
  const label = (entry: unknown, index: number): string => {
    const named = isRecord(entry) ? (entry['name'] ?? entry['uri'] ?? entry['uriTemplate']) : undefined;
    return typeof named === 'string' ? `${what} "${named.slice(0, 80)}"` : `${what} number ${index + 1}`;
  };
  const fits = (entry: unknown): boolean => shape.fits(entry) && !isDeeperThan(MOST_LEVELS, entry);
  return {
    fits: (value) => Array.isArray(value) && value.every(fits),
    mend(value, _place, findings) {
      if (!Array.isArray(value)) return UNUSABLE;
      return value.flatMap((entry, index): unknown[] => {
        if (fits(entry)) return [entry];
        const place = label(entry, index);
        if (isDeeperThan(MOST_LEVELS, entry)) {
          findings.add('too-deep', place);
          return [];
        }
        const mended = Array.isArray(entry) ? UNUSABLE : shape.mend(entry, place, findings);
        if (mended !== UNUSABLE) return [mended];
        findings.add('unusable-entry', place);
        return [];
      });
    },
  };
}

/** The list of each method that lists, in both eras. */
export const LISTS = {
  'tools/list': {
    member: 'tools',
    legacy: entriesOf('tool', toolShape(objectOutputSchema)),
    modern: entriesOf('tool', toolShape(anyOutputSchema)),
  },
  'resources/list': same('resources', entriesOf('resource', resourceShape)),
  'resources/templates/list': same('resourceTemplates', entriesOf('resource template', templateShape)),
  'prompts/list': same('prompts', entriesOf('prompt', promptShape)),
} as const;

function same(member: string, kind: Kind): { member: string; legacy: Kind; modern: Kind } {
  return { member, legacy: kind, modern: kind };
}
