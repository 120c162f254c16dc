import { isRecord } from '../../internal/checks.ts';
import type { JsonObject, StrictRules } from './dialect.ts';
import { inexpressible } from './inexpressible.ts';
import { mapSubschemas } from './keywords.ts';

/** Throws `Inexpressible` for a schema that exceeds the limits of strict mode. */
export function checkLimits(schema: JsonObject, rules: StrictRules): void {
  const total = { properties: 0, values: 0, characters: 0 };
  count(schema, rules, total, 0);
  const { properties, values, characters } = total;
  if (properties > rules.maxProperties)
    inexpressible('#', `it has more than ${rules.maxProperties} properties`);
  if (values > rules.maxEnumValues) inexpressible('#', `it has more than ${rules.maxEnumValues} enum values`);
  if (characters > rules.maxCharacters) {
    inexpressible('#', `its names and constants have more than ${rules.maxCharacters} characters`);
  }
}

interface Total {
  properties: number;
  values: number;
  characters: number;
}

function count(schema: JsonObject, rules: StrictRules, total: Total, depth: number): void {
  const { properties, $defs } = schema;
  const inside = isRecord(properties) ? depth + 1 : depth;
  if (inside > rules.maxDepth) inexpressible('#', `its objects are more than ${rules.maxDepth} levels deep`);
  for (const named of [properties, $defs]) {
    if (isRecord(named)) total.characters += sumOfLengths(Object.keys(named));
  }
  if (isRecord(properties)) total.properties += Object.keys(properties).length;
  if ('const' in schema) total.characters += sumOfLengths([schema['const']]);
  if (Array.isArray(schema['enum'])) countEnum(schema['enum'], rules, total);
  // Definitions are measured where they are referenced; a recursive one has no depth.
  const { $defs: _, ...own } = schema;
  const down = (from: number) => (sub: unknown) => {
    if (isRecord(sub)) count(sub, rules, total, from);
    return sub;
  };
  mapSubschemas(own, down(inside));
  if (isRecord($defs)) mapSubschemas({ $defs }, down(0));
}

function countEnum(values: readonly unknown[], rules: StrictRules, total: Total): void {
  const characters = sumOfLengths(values);
  total.values += values.length;
  total.characters += characters;
  if (values.length > rules.longEnum && characters > rules.maxLongEnumCharacters) {
    inexpressible('#', `one of its enums has more than ${rules.maxLongEnumCharacters} characters`);
  }
}

function sumOfLengths(values: readonly unknown[]): number {
  return values.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}
