/** The last part of a URI's path: APIs want a name for a file, and show it to the model. */
export function fileName(uri: string): string {
  const path = uri.split(/[?#]/, 1)[0] ?? '';
  return path.split('/').findLast((part) => part !== '') ?? 'file';
}
