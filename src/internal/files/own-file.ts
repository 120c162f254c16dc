import { constants } from 'node:fs';
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isRecord } from '../checks.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** What a file must be to be read. */
export interface OwnFileRules {
  readonly maxBytes: number;
  /** Mode bits that it must not have, where there are modes. */
  readonly refusedMode: number;
  /** Whether it may be a link, or somebody else's, or in a folder that others can write to. */
  readonly anywhere: boolean;
}

/** Why a file is not read. */
export type Unfit =
  | { readonly is: 'link' | 'not-a-file' | 'foreign' | 'open-to-others' | 'in-open-folder' }
  | { readonly is: 'too-large'; /** Its first bytes. */ readonly head: string }
  | { readonly is: 'unreadable'; readonly error: unknown };

/** What a file holds, or why it is not read. */
export type OwnFile = { readonly is: 'read'; readonly text: string } | { readonly is: 'missing' } | Unfit;

/** Reads a text file that must be this user's own. Does not wait for a pipe. */
export async function readOwnFile(path: string, rules: OwnFileRules): Promise<OwnFile> {
  let file: FileHandle | undefined;
  try {
    if (!rules.anywhere && !(await isGuarded(dirname(path)))) return { is: 'in-open-folder' };
    const noLinks = rules.anywhere ? 0 : constants.O_NOFOLLOW;
    // Both flags are undefined on Windows.
    file = await open(path, constants.O_RDONLY | (noLinks ?? 0) | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile()) return { is: 'not-a-file' };
    if (!rules.anywhere && !isOurs(stats.uid)) return { is: 'foreign' };
    if (process.platform !== 'win32' && (stats.mode & rules.refusedMode) !== 0)
      return { is: 'open-to-others' };
    if (stats.size <= rules.maxBytes) return { is: 'read', text: await file.readFile('utf8') };
    const { buffer, bytesRead } = await file.read(Buffer.alloc(64), 0, 64, 0);
    return { is: 'too-large', head: buffer.toString('utf8', 0, bytesRead) };
  } catch (error) {
    const code = isRecord(error) ? error['code'] : undefined;
    if (code === 'ENOENT') return { is: 'missing' };
    return code === 'ELOOP' || code === 'EMLINK' ? { is: 'link' } : { is: 'unreadable', error };
  } finally {
    await file?.close();
  }
}

/** Makes the folder of a file with mode 0700 when it is missing. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
}

/** Whether others cannot replace a file of ours in this folder. Where it is sticky, as `/tmp` is, they cannot. */
async function isGuarded(folder: string): Promise<boolean> {
  const { uid, mode } = await stat(folder);
  if (process.platform === 'win32') return true;
  return (isOurs(uid) || uid === 0) && ((mode & WRITABLE_BY_OTHERS) === 0 || (mode & STICKY) !== 0);
}

function isOurs(uid: number): boolean {
  return process.getuid === undefined || process.getuid() === uid;
}
