import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { PlenumError } from '../../../errors/plenum-error.ts';
import type { ResolvedDownloads } from '../resource-tool-options.ts';
import { numbered, safeFileName } from './safe-file-name.ts';

/** Names are tried with a number up to this one; then with a random one. */
const MAX_NUMBER = 100;

/** The name of a new file in the folder, or why there is none. */
export type Saved = { readonly name: string } | { readonly refused: string };

/** A folder that files of servers are saved into, and never outside of it. */
export class DownloadFolder {
  readonly #path: string;
  readonly #maxFileBytes: number;
  readonly #maxTotalBytes: number;
  /** Where the folder really is, from its first use on. */
  #real: string | undefined;
  #totalBytes = 0;

  constructor({ folder, maxFileBytes, maxTotalBytes }: ResolvedDownloads) {
    this.#path = resolve(folder);
    this.#maxFileBytes = maxFileBytes;
    this.#maxTotalBytes = maxTotalBytes;
  }

  /**
   * Saves what was read from `uri` to a new file. Rejects with `CONFIG_INVALID` when the folder cannot be written to.
   */
  async save(uri: string, data: Uint8Array): Promise<Saved> {
    const refused = this.#refusal(data.byteLength);
    if (refused !== undefined) return { refused };
    this.#totalBytes += data.byteLength;
    try {
      return { name: await this.#write(await this.#locate(), safeFileName(uri), data) };
    } catch (error) {
      this.#totalBytes -= data.byteLength;
      throw PlenumError.from(error, 'CONFIG_INVALID', `Saving a resource to "${this.#path}"`);
    }
  }

  #refusal(bytes: number): string | undefined {
    const left = this.#maxTotalBytes - this.#totalBytes;
    if (bytes > this.#maxFileBytes)
      return `It has ${bytes} bytes, and a file may have ${this.#maxFileBytes}.`;
    return bytes > left ? `It has ${bytes} bytes, and only ${left} more may be saved.` : undefined;
  }

  /** The folder may well be behind a link, but behind the same one all the time. */
  async #locate(): Promise<string> {
    await mkdir(this.#path, { recursive: true });
    const real = await realpath(this.#path);
    this.#real ??= real;
    if (real === this.#real) return real;
    const message = `The download folder "${this.#path}" is not the one it was when it was first used.`;
    throw new PlenumError('CONFIG_INVALID', message);
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

/** Makes a file that was not there before; one that is there, a link or a folder among them, is left alone. */
async function create(folder: string, wanted: string): Promise<{ name: string; file: FileHandle }> {
  for (let nr = 1; ; nr++) {
    const name = nr === 1 ? wanted : numbered(wanted, nr > MAX_NUMBER ? randomBytes(6).toString('hex') : nr);
    const path = join(folder, name);
    if (dirname(path) !== folder || basename(path) !== name) {
      throw new PlenumError('CONFIG_INVALID', 'A name that leads out of the download folder was not used.');
    }
    try {
      // Exclusive, so that nothing is overwritten and no link is followed.
      return { name, file: await open(path, 'wx', 0o600) };
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}
