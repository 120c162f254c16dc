import { wellFormed } from './well-formed.ts';

const MAX_LENGTH = 200;

/** The last part of a URI's path: APIs want a name for a file, and show it to the model. */
export function fileName(uri: string): string {
  const path = uri.split(/[?#]/, 1)[0] ?? '';
  const name = path.split('/').findLast((part) => part !== '') ?? 'file';
  return wellFormed(name.slice(-MAX_LENGTH));
}
