import { access, constants, mkdir, open, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { messageOf } from '../../errors/plenum-error.ts';
import { UsageError } from '../exit-codes.ts';

/** A part of a result that can be saved to a file. */
export interface Part {
  /** The name or URI of the part, from which the file's name is made. */
  readonly name: string;
  readonly mimeType: string | undefined;
  readonly content: Uint8Array | string;
}

const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['image/png', 'png'],
  ['image/jpeg', 'jpg'],
  ['image/gif', 'gif'],
  ['image/webp', 'webp'],
  ['image/svg+xml', 'svg'],
  ['audio/wav', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['audio/ogg', 'ogg'],
  ['application/pdf', 'pdf'],
  ['application/json', 'json'],
  ['application/zip', 'zip'],
  ['application/gzip', 'gz'],
  ['text/plain', 'txt'],
  ['text/html', 'html'],
  ['text/markdown', 'md'],
  ['text/csv', 'csv'],
]);

/** Names that Windows reserves for devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The value of `--out` for standard output. */
export const STANDARD_OUTPUT = '-';

/** Checks, before a server is called, whether `--out` can be written. Throws a {@link UsageError}. */
export async function checkOut(out: string | undefined, json = false): Promise<void> {
  if (out === undefined) return;
  if (out === STANDARD_OUTPUT) {
    if (json)
      throw new UsageError('--json and --out - cannot be used together: both write to standard output.');
    return;
  }
  try {
    const there = await nearest(out);
    if (there !== resolve(out) && !(await isDirectory(there))) throw new Error(`${there} is no folder.`);
    await access(there, constants.W_OK);
  } catch (error) {
    throw new UsageError(`--out ${out}: ${messageOf(error)}`);
  }
}

/** Whether writing to `out` replaces a file. */
export async function replacesFile(out: string): Promise<boolean> {
  return (await isThere(out)) && !(await isDirectory(out));
}

/** A saved part, and whether it replaced a file. */
export interface Saved {
  readonly path: string;
  readonly replaced: boolean;
}

/**
 * Saves parts: a single one to the file `out`, unless that is a folder; several to the folder `out`, under safe
 * names. No file in a folder is overwritten.
 */
export async function saveParts(out: string, parts: readonly Part[]): Promise<Saved[]> {
  try {
    const [only, ...more] = parts;
    if (only !== undefined && more.length === 0 && !isFolderName(out) && !(await isDirectory(out))) {
      const replaced = await replacesFile(out);
      await mkdir(dirname(out), { recursive: true });
      await writeFile(out, only.content);
      return [{ path: out, replaced }];
    }
    await mkdir(out, { recursive: true });
    const saved: Saved[] = [];
    for (const part of parts)
      saved.push({ path: await saveNew(out, safeName(part), part.content), replaced: false });
    return saved;
  } catch (error) {
    throw new UsageError(`--out ${out}: ${messageOf(error)}`);
  }
}

function isFolderName(path: string): boolean {
  return path.endsWith('/') || path.endsWith(sep);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** The path, or its nearest parent that exists; missing folders are created later. */
async function nearest(path: string): Promise<string> {
  let found = resolve(path);
  while (!(await isThere(found)) && dirname(found) !== found) found = dirname(found);
  return found;
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** A safe file name, because the name comes from a server: no folders, no leading dot, no special characters. */
function safeName({ name, mimeType }: Pick<Part, 'name' | 'mimeType'>): string {
  const last = name.replace(/[\\/]+$/, '').replace(/^.*[\\/]/s, '');
  const plain = last
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[._-]+/, '')
    .replace(/[.]+$/, '')
    .slice(0, 100);
  const base = plain === '' || DEVICE.test(plain) ? `part_${plain}`.replace(/_$/, '') : plain;
  const ending = ENDINGS.get(mimeType?.split(';')[0]?.trim().toLowerCase() ?? '') ?? 'bin';
  return /\.\w{1,8}$/.test(base) ? base : `${base}.${ending}`;
}

/** Writes a new file. A number is added to a name that exists, also as a link. */
async function saveNew(folder: string, name: string, content: Uint8Array | string): Promise<string> {
  for (let number = 1; ; number++) {
    const path = join(folder, number === 1 ? name : name.replace(/(\.\w+)?$/, `-${number}$1`));
    try {
      const file = await open(path, 'wx');
      try {
        await file.writeFile(content);
      } finally {
        await file.close();
      }
      return path;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || number > 10_000)
        throw error;
    }
  }
}
