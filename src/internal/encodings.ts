/** Text encodings that a process may speak. */
export type Encoding = 'utf-8' | 'utf-16le' | 'latin1';

const SPELLINGS: ReadonlyMap<string, Encoding> = new Map([
  ['utf8', 'utf-8'],
  ['utf16le', 'utf-16le'],
  ['utf16', 'utf-16le'],
  ['ucs2', 'utf-16le'],
  ['latin1', 'latin1'],
  ['iso88591', 'latin1'],
  ['l1', 'latin1'],
]);

/** The encoding of this name, in any case and with or without hyphens; undefined for one that is not supported. */
export function encodingOf(name: string): Encoding | undefined {
  return SPELLINGS.get(name.toLowerCase().replace(/[-_ ]/g, ''));
}
