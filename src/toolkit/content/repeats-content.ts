import { isRecord } from '../../internal/checks.ts';

/** Structured content with more values is not searched for. */
const MAX_VALUES = 50;

/** Content with more characters is not searched; each text adds a fixed cost. */
const MAX_SEARCHED = 500_000;
const OVERHEAD = 100;

type Value = string | number | boolean;

/**
 * Whether the content contains every value of the structured content. Many servers repeat their content there, even
 * images and whole files, and the model would get it twice.
 */
export function repeatsContent(content: unknown, structured: unknown): boolean {
  const values = valuesOf(structured, MAX_VALUES + 1);
  if (values.length === 0 || values.length > MAX_VALUES) return false;
  const said = new Set(valuesOf(content, Infinity));
  const texts = [...said].filter((value) => typeof value === 'string');
  if (values.every((value) => said.has(value))) return true;
  const length = texts.reduce((sum, text) => sum + text.length + OVERHEAD, 0);
  if (length > MAX_SEARCHED) return false;
  return values.every((value) => said.has(value) || texts.some((text) => says(text, value)));
}

/** The strings, numbers and booleans inside, at most `most` of them. */
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
  // Matches whole words: 1 is not found in 10 or 1.5.
  const word = String(value).replace(/[.+-]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\w.])${word}(?!\w|\.\d)`).test(text);
}
