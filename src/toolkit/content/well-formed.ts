/** Half a character, which UTF-16 allows and no model API does: one refuses the whole request. */
const LONE_SURROGATE = /\p{Cs}/gu;
const REPLACEMENT = '\u{fffd}';

/** Text that can be written as UTF-8. Servers cut texts in the middle of an emoji. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, REPLACEMENT);
}

/** The same for every text in a value of JSON, names of members among them; the value itself where all are well. */
export function wellFormedJson<T>(value: T, json = JSON.stringify(value)): T {
  // Such a half is the one thing that JSON.stringify() escapes so; a text may say so, too, which costs a copy.
  if (!/\\ud[89a-f]/i.test(json)) return value;
  return copyOf(value) as T;
}

function copyOf(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [wellFormed(key), copyOf(held)]));
}
