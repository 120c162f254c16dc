import { printable } from '../../internal/text.ts';

/** A path in a document: keys and indexes, from the root. */
export type JsonPath = readonly (string | number)[];

/** Prints a path as `mcpServers.files.args[0]`; a key that is no plain word is quoted: `mcpServers["my files"]`. */
export function printPath(path: JsonPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (!/^[\w$-]{1,80}$/.test(step)) text += `[${JSON.stringify(printable(step, 80))}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

export function isWithin(path: JsonPath, outer: JsonPath): boolean {
  return outer.every((step, index) => path[index] === step);
}
