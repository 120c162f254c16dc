import { constants } from 'node:fs';
import { open, rename, type FileHandle } from 'node:fs/promises';
import { auditFileUnusable } from '../../errors/gateway.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { makeFolder } from '../../internal/files/own-file.ts';

const OTHERS = 0o077;

/** A file to which lines are added, and that is replaced by another when it has become large. For one process. */
export class AuditFile {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  #file: FileHandle | undefined;
  #bytes = 0;
  /** Whether the last write may have left a part of a line. */
  #isTorn = false;

  constructor(path: string, maxBytes: number, maxFiles: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles;
  }

  /** Rejects with `CONFIG_INVALID` when the file cannot be written to, or others can read it. */
  async open(): Promise<void> {
    try {
      await makeFolder(this.#path);
      await this.#open();
    } catch (error) {
      throw auditFileUnusable(this.#path, messageOf(error));
    }
  }

  /** Rejects when the system cannot write; what is written next begins a line of its own. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) await this.#rotate();
    const file = this.#file ?? (await this.#open());
    const whole = this.#isTorn ? `\n${text}` : text;
    this.#isTorn = true;
    await file.appendFile(whole);
    this.#isTorn = false;
    this.#bytes += bytes;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  async #open(): Promise<FileHandle> {
    const { O_APPEND, O_CREAT, O_WRONLY, O_NOFOLLOW } = constants;
    // There is no such flag on Windows.
    const file = await open(this.#path, O_APPEND | O_CREAT | O_WRONLY | (O_NOFOLLOW ?? 0), 0o600);
    try {
      const { mode, size } = await file.stat();
      if (process.platform !== 'win32' && (mode & OTHERS) !== 0)
        throw new Error('it is open to other users of this machine; make it yours alone: chmod 600');
      this.#bytes = size;
      this.#file = file;
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    await this.close();
    for (let number = this.#maxFiles - 1; number >= 1; number--) {
      const from = number === 1 ? this.#path : `${this.#path}.${number - 1}`;
      await rename(from, `${this.#path}.${number}`).catch((error: unknown) => {
        // Older files are made one after the other.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
      });
    }
    const file = await this.#open();
    if (this.#maxFiles === 1) await file.truncate();
    if (this.#maxFiles === 1) this.#bytes = 0;
  }
}
