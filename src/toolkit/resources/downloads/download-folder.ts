import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { folderReplaced, nameLeadsOut, notSaved } from '../../../errors/toolkit.ts';
import type { ResolvedDownloads } from '../resource-tool-options.ts';
import { numbered, safeFileName } from './safe-file-name.ts';

/** A taken name gets a number up to this one, then a random text. */
const MAX_NUMBER = 100;

/** The name of a new file in the folder, or why there is none. */
export type Saved = { readonly name: string } | { readonly refused: string };

/** Saves files of servers into a folder, and never outside of it. */
export class DownloadFolder {
  readonly #path: string;
  readonly #maxFileBytes: number;
  readonly #maxTotalBytes: number;
  /** The real path of the folder, from its first use on. */
  #real: string | undefined;
  #totalBytes = 0;

  constructor({ folder, maxFileBytes, maxTotalBytes }: ResolvedDownloads) {
    this.#path = resolve(folder);
    this.#maxFileBytes = maxFileBytes;
    this.#maxTotalBytes = maxTotalBytes;
  }

  /** Saves the contents of `uri` to a new file. Rejects with `CONFIG_INVALID` when the folder cannot be written to. */
  async save(uri: string, data: Uint8Array): Promise<Saved> {
    const refused = this.#refusal(data.byteLength);
    if (refused !== undefined) return { refused };
    this.#totalBytes += data.byteLength;
    try {
      return { name: await this.#write(await this.#locate(), safeFileName(uri), data) };
    } catch (error) {
      this.#totalBytes -= data.byteLength;
      throw notSaved(this.#path, error);
    }
  }

  #refusal(bytes: number): string | undefined {
    const left = this.#maxTotalBytes - this.#totalBytes;
    if (bytes > this.#maxFileBytes)
      return `It has ${bytes} bytes, and a file may have ${this.#maxFileBytes}.`;
    return bytes > left ? `It has ${bytes} bytes, and only ${left} more may be saved.` : undefined;
  }

  /** The path may contain links, but must lead to the same folder each time. */
  async #locate(): Promise<string> {
    await mkdir(this.#path, { recursive: true });
    const real = await realpath(this.#path);
    this.#real ??= real;
    if (real === this.#real) return real;
    throw folderReplaced(this.#path);
  }

  async #write(folder: string, wanted: string, data: Uint8Array): Promise<string> {
    const { name, file } = await create(folder, wanted);
    try {
      await file.writeFile(data);
    } catch (error) {
      await file.close();
      await unlink(join(folder, name));
      throw error;
    }
    await file.close();
    return name;
  }
}

/** Creates a new file. An existing file, link or folder is not changed. */
async function create(folder: string, wanted: string): Promise<{ name: string; file: FileHandle }> {
  for (let nr = 1; ; nr++) {
    const name = nr === 1 ? wanted : numbered(wanted, nr > MAX_NUMBER ? randomBytes(6).toString('hex') : nr);
    const path = join(folder, name);
    if (dirname(path) !== folder || basename(path) !== name) {
      throw nameLeadsOut();
    }
    try {
      // The flag `x` fails for an existing name, so that nothing is overwritten and no link is followed.
      return { name, file: await open(path, 'wx', 0o600) };
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
