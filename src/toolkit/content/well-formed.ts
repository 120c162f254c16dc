/** A lone surrogate: valid in a JavaScript string, but a model API refuses the whole request for it. */
const LONE_SURROGATE = /\p{Cs}/gu;
const REPLACEMENT = '\u{fffd}';

/**
 * Replaces lone surrogates, so that the text can be written as UTF-8. They occur when a server cuts a text inside an
 * emoji.
 */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, REPLACEMENT);
}

/** Replaces lone surrogates in all strings and keys of a JSON value. Returns the value itself when there are none. */
export function wellFormedJson<T>(value: T, json = JSON.stringify(value)): T {
  // JSON.stringify() escapes lone surrogates like this. A text may contain the same characters, which only costs a
  // copy.
  if (!/\\ud[89a-f]/i.test(json)) return value;
  return copyOf(value) as T;
}

function copyOf(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [wellFormed(key), copyOf(held)]));
}
