import { readFile, stat } from 'node:fs/promises';

/** Settings of editors grow to some megabytes; what is larger is something else. */
const LARGEST_BYTES = 32 * 1024 * 1024;

/** Why a file cannot be read, in words. */
export class UnreadableFile extends Error {}

/** Reads a text file. Rejects with {@link UnreadableFile}. */
export async function readTextFile(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_BYTES) throw new UnreadableFile(`it is larger than ${LARGEST_BYTES} bytes`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof UnreadableFile) throw error;
    throw new UnreadableFile(reasonOf(error), { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'it may not be read';
    default:
      return code;
  }
}
