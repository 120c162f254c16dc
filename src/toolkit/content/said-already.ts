import { isRecord } from '../../internal/checks.ts';

/** More than this is not looked for value by value. */
const MAX_VALUES = 50;

/** Nor is it looked for in more text than this, in characters; each text costs some by itself. */
const MAX_SEARCHED = 500_000;
const OVERHEAD = 100;

type Value = string | number | boolean;

/**
 * Whether structured content has no value that the content does not have too. Servers that wrap their content once
 * more, images and whole files among it, would otherwise be paid for twice.
 */
export function saidAlready(content: unknown, structured: unknown): boolean {
  const values = valuesOf(structured, MAX_VALUES + 1);
  if (values.length === 0 || values.length > MAX_VALUES) return false;
  const said = new Set(valuesOf(content, Infinity));
  const texts = [...said].filter((value) => typeof value === 'string');
  if (values.every((value) => said.has(value))) return true;
  const length = texts.reduce((sum, text) => sum + text.length + OVERHEAD, 0);
  if (length > MAX_SEARCHED) return false;
  return values.every((value) => said.has(value) || texts.some((text) => says(text, value)));
}

/** The strings, numbers and booleans inside, at most so many. */
function valuesOf(root: unknown, most: number): Value[] {
  const values: Value[] = [];
  const left = [root];
  while (left.length > 0 && values.length < most) {
    const next = left.pop();
    if (Array.isArray(next)) for (const each of next) left.push(each);
    else if (isRecord(next)) for (const each of Object.values(next)) left.push(each);
    else if (typeof next === 'string' || typeof next === 'number' || typeof next === 'boolean') {
      values.push(next);
    }
  }
  return values;
}

function says(text: string, value: Value): boolean {
  if (typeof value === 'string')
    return text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1));
  // As a word: 1 is not said by 10, nor by 1.5.
  const word = String(value).replace(/[.+-]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\w.])${word}(?!\w|\.\d)`).test(text);
}
