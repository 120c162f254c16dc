import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { messageOf } from '../errors.ts';
import { UsageError } from './exit-codes.ts';

/** Something in a result that is better kept in a file. */
export interface Part {
  /** What it is about; a file's name is made of it. */
  readonly name: string;
  readonly mimeType: string | undefined;
  readonly content: Uint8Array | string;
}

const ENDINGS: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/svg+xml': 'svg',
  'audio/wav': 'wav',
  'audio/mpeg': 'mp3',
  'audio/ogg': 'ogg',
  'application/pdf': 'pdf',
  'application/json': 'json',
  'application/zip': 'zip',
  'application/gzip': 'gz',
  'text/plain': 'txt',
  'text/html': 'html',
  'text/markdown': 'md',
  'text/csv': 'csv',
};

/** Names that Windows keeps for devices. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * Saves parts: one goes to `out` itself, unless that is a folder; several go into it, under names that are made safe.
 * In a folder nothing is overwritten. Returns the paths.
 */
export async function saveParts(out: string, parts: readonly Part[]): Promise<string[]> {
  try {
    const isFolder = out.endsWith('/') || out.endsWith(sep) || (await isDirectory(out));
    const [only, ...more] = parts;
    if (only !== undefined && more.length === 0 && !isFolder) {
      await writeFile(out, only.content);
      return [out];
    }
    await mkdir(out, { recursive: true });
    const saved: string[] = [];
    for (const part of parts) saved.push(await saveNew(out, safeName(part), part.content));
    return saved;
  } catch (error) {
    throw new UsageError(`--out ${out}: ${messageOf(error)}`);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

/** A name without folders, hidden beginnings or odd characters: it comes from a server. */
export function safeName({ name, mimeType }: Pick<Part, 'name' | 'mimeType'>): string {
  const last = name.replace(/[\\/]+$/, '').replace(/^.*[\\/]/s, '');
  const plain = last
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[._-]+/, '')
    .replace(/[.]+$/, '')
    .slice(0, 100);
  const base = plain === '' || DEVICE.test(plain) ? `part_${plain}`.replace(/_$/, '') : plain;
  const ending = ENDINGS[mimeType?.split(';')[0]?.trim().toLowerCase() ?? ''] ?? 'bin';
  return /\.\w{1,8}$/.test(base) ? base : `${base}.${ending}`;
}

/** Writes a new file; a name that is taken, by a link too, gets a number. */
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
