import { isRecord } from '../internal/checks.ts';
import type { Findings } from './oddities.ts';

/** In place of a mended value: there is none. */
export const UNUSABLE = Symbol('unusable');

/**
 * What a value must be like. `fits` is called for everything that a server sends, and must be cheap; `mend` only for what
 * does not fit. What fits, and what `mend` returns, is accepted by the official client.
 */
export interface Kind {
  fits(value: unknown): boolean;
  /** Returns a mended copy, undefined for an optional member to leave out, or {@link UNUSABLE}. `place` says where the value was found. */
  mend(value: unknown, place: string, findings: Findings): unknown;
}

/** A kind of which nothing can be mended. */
export function only(fits: (value: unknown) => boolean): Kind {
  return { fits, mend: () => UNUSABLE };
}

/** A text that is never made of anything else, such as a name. */
export const name: Kind = only((value) => typeof value === 'string');

export const text: Kind = {
  fits: (value) => typeof value === 'string',
  mend(value, place, findings) {
    if (typeof value !== 'number' && typeof value !== 'boolean') return UNUSABLE;
    findings.add('wrong-type', place);
    return String(value);
  },
};

const FLAGS: Readonly<Record<string, boolean>> = { true: true, false: false, 1: true, 0: false };

export const flag: Kind = {
  fits: (value) => typeof value === 'boolean',
  mend(value, place, findings) {
    const isPlain = typeof value === 'string' || typeof value === 'number';
    const read = isPlain ? FLAGS[String(value).toLowerCase()] : undefined;
    if (read === undefined) return UNUSABLE;
    findings.add('wrong-type', place);
    return read;
  },
};

/** A number for which `isRight` holds. */
export function number(isRight: (value: number) => boolean = Number.isFinite): Kind {
  return {
    fits: (value) => typeof value === 'number' && isRight(value),
    mend(value, place, findings) {
      const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
      if (!isRight(read)) return UNUSABLE;
      findings.add('wrong-type', place);
      return read;
    },
  };
}

export function oneOf(...values: readonly string[]): Kind {
  const fits = (value: unknown): boolean => typeof value === 'string' && values.includes(value);
  return {
    fits,
    mend(value, place, findings) {
      const read = typeof value === 'string' ? value.trim().toLowerCase() : value;
      if (!fits(read)) return UNUSABLE;
      findings.add('odd-member', place);
      return read;
    },
  };
}

/** A list; items that cannot be mended are left out of it. */
export function listOf(kind: Kind): Kind {
  return {
    fits: (value) => Array.isArray(value) && value.every((item) => kind.fits(item)),
    mend(value, place, findings) {
      if (!Array.isArray(value)) {
        const [lone] = mendItems([value], kind, place, findings, false);
        if (lone === undefined) return UNUSABLE;
        findings.add('lone-value', place);
        return [lone];
      }
      return mendItems(value, kind, place, findings, true);
    },
  };
}

function mendItems(
  items: readonly unknown[],
  kind: Kind,
  place: string,
  findings: Findings,
  reports: boolean,
): unknown[] {
  return items.flatMap((item, index) => {
    if (kind.fits(item)) return [item];
    const at = `${place}[${index}]`;
    const mended = kind.mend(item, at, findings);
    if (mended !== UNUSABLE) return [mended];
    if (reports) findings.add('odd-member', at);
    return [];
  });
}

/** Any object. Servers written in PHP send an empty list for an empty object. */
export const record: Kind = {
  fits: isRecord,
  mend: (value, place, findings) => emptyRecord(value, place, findings) ?? UNUSABLE,
};

/** An object whose members are all of one kind; those that are not are left out. */
export function recordOf(kind: Kind): Kind {
  return {
    fits(value) {
      if (!isRecord(value)) return false;
      for (const key in value) if (!kind.fits(value[key])) return false;
      return true;
    },
    mend(value, place, findings) {
      if (!isRecord(value)) return emptyRecord(value, place, findings) ?? UNUSABLE;
      const mended = { ...value };
      for (const key of Object.keys(mended)) mendMember(mended, key, kind, place, findings);
      return mended;
    },
  };
}

function emptyRecord(value: unknown, place: string, findings: Findings): object | undefined {
  if (!Array.isArray(value) || value.length > 0) return undefined;
  findings.add('empty-list', place);
  return {};
}

/** Makes a value for a required member that is missing or cannot be mended; it may return {@link UNUSABLE}. */
export type Fallback = (
  holder: Readonly<Record<string, unknown>>,
  place: string,
  findings: Findings,
) => unknown;

export interface Members {
  readonly required?: Readonly<Record<string, Kind>>;
  readonly optional?: Readonly<Record<string, Kind>>;
  /** For required members. */
  readonly fallbacks?: Readonly<Record<string, Fallback>>;
}

/** An object with these members, and any others. */
export class Shape implements Kind {
  readonly #kinds: Record<string, Kind> = Object.create(null) as Record<string, Kind>;
  readonly #required: readonly (readonly [string, Kind])[];
  readonly #optional: readonly (readonly [string, Kind])[];
  readonly #fallbacks: Readonly<Record<string, Fallback>>;

  constructor(members: Members) {
    const { required = {}, optional = {}, fallbacks = {} } = members;
    this.#required = Object.entries(required);
    this.#optional = Object.entries(optional);
    this.#fallbacks = fallbacks;
    Object.assign(this.#kinds, optional, required);
  }

  fits(value: unknown): boolean {
    if (!isRecord(value)) return false;
    for (const key in value) {
      const kind = this.#kinds[key];
      if (kind === undefined) continue;
      const member = value[key];
      if (member !== undefined && !kind.fits(member)) return false;
    }
    for (const [key] of this.#required) if (value[key] === undefined) return false;
    return true;
  }

  mend(value: unknown, place: string, findings: Findings): Record<string, unknown> | typeof UNUSABLE {
    const given = isRecord(value) ? value : emptyRecord(value, place, findings);
    if (given === undefined) return UNUSABLE;
    const mended: Record<string, unknown> = { ...given };
    for (const [key, kind] of this.#required) {
      const member = mended[key];
      if (member !== undefined && kind.fits(member)) continue;
      let read =
        member === undefined || member === null ? UNUSABLE : kind.mend(member, `${place}: ${key}`, findings);
      if (read === UNUSABLE) read = this.#fallbacks[key]?.(mended, place, findings) ?? UNUSABLE;
      if (read === UNUSABLE) return UNUSABLE;
      mended[key] = read;
    }
    for (const [key, kind] of this.#optional)
      if (mended[key] === undefined) delete mended[key];
      else mendMember(mended, key, kind, place, findings);
    return mended;
  }
}

/** Mends or deletes one member that may be absent. */
function mendMember(
  holder: Record<string, unknown>,
  key: string,
  kind: Kind,
  place: string,
  findings: Findings,
): void {
  const member = holder[key];
  if (kind.fits(member)) return;
  const at = `${place}: ${key}`;
  const read = member === null ? UNUSABLE : kind.mend(member, at, findings);
  if (read !== UNUSABLE && read !== undefined) {
    holder[key] = read;
    return;
  }
  delete holder[key];
  if (read === undefined) return;
  findings.add(member === null ? 'null-member' : 'odd-member', at);
}

/** How deep what a server lists may be nested: far more than real schemas are, and little enough for any recursion. */
export const MOST_LEVELS = 256;
