import { isRecord } from '../../internal/checks.ts';
import { printable } from '../../internal/text.ts';

/** Line ends, tabs and joiners are kept: some scripts and emoji need joiners, which have no effect on a terminal. */
const KEPT = /([\n\t\u200c\u200d])/;

/**
 * Makes a server's text of several lines safe for a terminal: control characters are escaped, except for line ends
 * and tabs.
 */
export function bodyText(text: string): string {
  const parts = text.replaceAll('\r\n', '\n').split(KEPT);
  return parts.map((part, index) => (index % 2 === 1 ? part : printable(part, Infinity))).join('');
}

/** Makes a name, title or description one line that is safe for a terminal. */
export function lineText(text: string, maxLength = Infinity): string {
  return printable(text.trim().replace(/\s+/g, ' '), maxLength);
}

/** JSON in which control characters are escaped, so that it is safe for a terminal and parses to the same value. */
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
