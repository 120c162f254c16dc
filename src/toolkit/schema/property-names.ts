import { isRecord } from '../../internal/checks.ts';
import { shortHash } from '../../internal/short-hash.ts';
import { printable } from '../../internal/text.ts';
import { withRemark, mapSubschemas } from './keywords.ts';
import type { JsonObject } from './dialect.ts';
import { inexpressible } from './inexpressible.ts';

/** Keywords that apply to unlisted names of properties. */
const NAME_BOUND = ['patternProperties', 'propertyNames'];

interface Renamed {
  readonly schema: JsonObject;
  readonly restore?: (args: JsonObject) => JsonObject;
}

/**
 * Renames properties whose names a provider refuses (`$filter`, `first name`), always to the same names, and adds the
 * real name to the description. `restore` renames the arguments back.
 */
export function acceptableNames(schema: JsonObject, allowed: RegExp): Renamed {
  const originals = new Map<string, string>();
  const rename = (name: string): string => {
    if (allowed.test(name)) return name;
    const clean = name.replace(/[^a-zA-Z0-9_-]/g, '_').slice(0, 50);
    const fresh = `${clean}_${shortHash(name)}`;
    originals.set(fresh, name);
    return fresh;
  };
  const renamed = renameIn(schema, rename);
  if (originals.size === 0) return { schema };
  refuseNameBound(renamed, originals);
  return { schema: renamed, restore: (args) => restored(args, originals) as JsonObject };
}

function renameIn(schema: JsonObject, rename: (name: string) => string): JsonObject {
  const copy = mapSubschemas(schema, (sub) => (isRecord(sub) ? renameIn(sub, rename) : sub));
  const { properties, required, dependentRequired, dependentSchemas } = copy;
  const names = (list: unknown): unknown =>
    Array.isArray(list) ? list.map((name) => rename(String(name))) : list;
  const keys = (map: JsonObject, value: (held: unknown, name: string) => unknown): JsonObject =>
    Object.fromEntries(Object.entries(map).map(([name, held]) => [rename(name), value(held, name)]));
  if (isRecord(properties)) {
    copy['properties'] = keys(properties, (held, name) =>
      rename(name) === name || !isRecord(held)
        ? held
        : withRemark(held, `(Stands for "${printable(name)}".)`),
    );
  }
  if (Array.isArray(required)) copy['required'] = names(required);
  if (isRecord(dependentRequired)) copy['dependentRequired'] = keys(dependentRequired, names);
  if (isRecord(dependentSchemas)) copy['dependentSchemas'] = keys(dependentSchemas, (held) => held);
  return copy;
}

function refuseNameBound(schema: JsonObject, originals: ReadonlyMap<string, string>): void {
  const bound = [...NAME_BOUND, 'const', 'enum'].find((keyword) =>
    NAME_BOUND.includes(keyword) ? keyword in schema : holdsObject(schema[keyword]),
  );
  if (bound !== undefined) {
    const [name = ''] = originals.values();
    inexpressible(
      '#',
      `its property "${printable(name, 80)}" needs another name, which "${bound}" does not allow`,
    );
  }
  mapSubschemas(schema, (sub) => {
    if (isRecord(sub)) refuseNameBound(sub, originals);
    return sub;
  });
}

function holdsObject(value: unknown): boolean {
  return Array.isArray(value) ? value.some(holdsObject) : isRecord(value);
}

function restored(value: unknown, originals: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => restored(each, originals));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, held]) => [originals.get(name) ?? name, restored(held, originals)]),
  );
}
