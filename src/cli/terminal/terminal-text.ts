import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';

/** Beside line ends and tabs, joiners stay in texts: scripts and emoji need them, and no terminal obeys them. */
const KEPT = /([\n\t\u200c\u200d])/;

/** A text of several lines from a server: control characters are shown, not obeyed; line ends and tabs stay. */
export function bodyText(text: string): string {
  const parts = text.replaceAll('\r\n', '\n').split(KEPT);
  return parts.map((part, index) => (index % 2 === 1 ? part : printable(part, Infinity))).join('');
}

/** A name, title or description as one line. */
export function lineText(text: string, maxLength = Infinity): string {
  return printable(text.trim().replace(/\s+/g, ' '), maxLength);
}

/** JSON whose strings hold no character that a terminal obeys: those are escaped, and parse to the same. */
export function jsonText(value: unknown, indent = 2): string {
  const text = JSON.stringify(value, undefined, indent) ?? 'null';
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    char === '\n' ? char : utf16(char).map(escapeUnit).join(''),
  );
}

function utf16(char: string): number[] {
  return Array.from({ length: char.length }, (_, index) => char.charCodeAt(index));
}

function escapeUnit(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** The value of a text that is a JSON object or array. */
export function parsedJson(text: string): object | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) || Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function count(amount: number, one: string, many = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : many}`;
}
