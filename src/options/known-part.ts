import { isOptionsObject, variantOf, type OptionPath } from './faults.ts';
import type { Kind, OptionTable } from './kinds.ts';

/** Called with each option that is not in its table. */
export type OnUnknown = (path: OptionPath, table: OptionTable) => void;

/** A copy of a value without unknown options. Calls `onUnknown` for each of them. */
export function knownPart(kind: Kind, value: unknown, onUnknown: OnUnknown, path: OptionPath = []): unknown {
  if (Array.isArray(value)) {
    const each = elementOf(kind);
    return each === undefined
      ? value
      : value.map((one, nr) => knownPart(each, one, onUnknown, [...path, nr]));
  }
  if (!isOptionsObject(value)) return value;
  const table = tableOf(kind, value);
  if (table === undefined) return value;
  const known = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option !== undefined) return [[name, knownPart(option.kind, each, onUnknown, [...path, name])]];
    onUnknown([...path, name], table);
    return [];
  });
  return Object.fromEntries(known);
}

/** What the elements of a list of this kind are. */
function elementOf(kind: Kind): Kind | undefined {
  if (kind.is === 'list') return kind.of;
  if (kind.is !== 'either') return undefined;
  return kind.kinds.map(elementOf).find((each) => each !== undefined);
}

/** The options that an object of this kind may have. */
function tableOf(kind: Kind, value: Readonly<Record<string, unknown>>): OptionTable | undefined {
  if (kind.is === 'options') return kind.options;
  if (kind.is === 'variant') return variantOf(kind, value);
  if (kind.is !== 'either') return undefined;
  return kind.kinds.map((each) => tableOf(each, value)).find((table) => table !== undefined);
}
