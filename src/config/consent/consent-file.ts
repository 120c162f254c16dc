import { dirname } from 'node:path';
import { realpath } from 'node:fs/promises';
import writeFileAtomic from '#write-file-atomic';
import { trustFileUnusable } from '../../errors/config.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { lockFile } from '../../internal/files/file-lock.ts';
import { makeFolder, readOwnFile, type Unfit } from '../../internal/files/own-file.ts';

const FORMAT = 'mcp-plenum/trust';
const VERSION = 1;
const MAX_BYTES = 16 * 1024 * 1024;
/** Beyond these numbers the oldest consents are forgotten. */
const MOST_CONSENTS = 1_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;
const WRITABLE_BY_OTHERS = 0o022;

/** What was agreed to for one path. */
export interface Consent {
  readonly path: string;
  /** Of everything in the file that has an effect. */
  readonly digest: string;
  /** ISO 8601. */
  readonly agreedAt: string;
  /** The servers and sections that were agreed to, to say later what has changed; empty when they were too many. */
  readonly parts: readonly ConsentPart[];
}

export interface ConsentPart {
  readonly kind: 'server' | 'section';
  readonly name: string;
  readonly digest: string;
  /** How it was shown. */
  readonly lines: readonly string[];
}

/**
 * The file in which this user's consents are kept. It is written as a whole, under a lock among processes, with mode
 * 0600; one that somebody else could have written is refused with `CONFIG_INVALID`, and so is a damaged one.
 */
export class ConsentFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async get(path: string): Promise<Consent | undefined> {
    return (await this.all()).find((consent) => consent.path === path);
  }

  /** In the order in which they were given. */
  async all(): Promise<Consent[]> {
    const found = await readOwnFile(this.path, {
      maxBytes: MAX_BYTES,
      refusedMode: WRITABLE_BY_OTHERS,
      anywhere: false,
    });
    if (found.is === 'read') return this.#parse(found.text);
    if (found.is === 'missing') return [];
    throw trustFileUnusable(this.path, whyUnfit(found));
  }

  async add(consent: Consent): Promise<void> {
    await this.#change((consents) => [...consents.filter(({ path }) => path !== consent.path), consent]);
  }

  /** Returns whether there was one. */
  async remove(path: string): Promise<boolean> {
    let isThere = false;
    await this.#change((consents) => {
      isThere = consents.some((each) => each.path === path);
      return isThere ? consents.filter((each) => each.path !== path) : undefined;
    });
    return isThere;
  }

  /** Whether the file lies in this folder: then whoever made the folder could have put it there. */
  async isInside(folder: string): Promise<boolean> {
    const [own, outer] = await Promise.all([nearestReal(dirname(this.path)), nearestReal(folder)]);
    for (let at = own; ; at = dirname(at)) {
      if (at === outer) return true;
      if (at === dirname(at)) return false;
    }
  }

  async #change(change: (consents: readonly Consent[]) => readonly Consent[] | undefined): Promise<void> {
    const release = await this.#lock();
    try {
      const changed = change(await this.all());
      if (changed !== undefined) await this.#write(changed);
    } finally {
      await release();
    }
  }

  async #lock(): Promise<() => Promise<void>> {
    try {
      await makeFolder(this.path);
      return await lockFile(this.path);
    } catch (error) {
      throw trustFileUnusable(this.path, `cannot be locked: ${messageOf(error)}`);
    }
  }

  async #write(consents: readonly Consent[]): Promise<void> {
    const kept: Consent[] = [];
    let characters = 0;
    for (const consent of consents.slice(-MOST_CONSENTS).toReversed()) {
      characters += JSON.stringify(consent).length;
      if (kept.length > 0 && characters > MOST_CHARACTERS) break;
      kept.unshift(consent);
    }
    const file = { format: FORMAT, version: VERSION, consents: kept };
    try {
      await writeFileAtomic(this.path, `${JSON.stringify(file, null, 1)}\n`, { mode: 0o600 });
    } catch (error) {
      throw trustFileUnusable(this.path, `cannot be written: ${messageOf(error)}`);
    }
  }

  #parse(text: string): Consent[] {
    const file = parsed(text);
    if (file === undefined)
      throw trustFileUnusable(this.path, 'is damaged: it is not JSON. Remove it, and agree again');
    if (!isRecord(file) || file['format'] !== FORMAT)
      throw trustFileUnusable(this.path, 'is not a file of consents of Plenum. Remove it, and agree again');
    if (file['version'] !== VERSION)
      throw trustFileUnusable(
        this.path,
        `is of another version than ${VERSION}: another release of Plenum wrote it`,
      );
    const { consents } = file;
    if (!Array.isArray(consents) || !consents.every(isConsent))
      throw trustFileUnusable(
        this.path,
        'is damaged: it holds something else than consents. Remove it, and agree again',
      );
    return consents;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isConsent(value: unknown): value is Consent {
  return (
    isRecord(value) &&
    typeof value['path'] === 'string' &&
    typeof value['digest'] === 'string' &&
    typeof value['agreedAt'] === 'string' &&
    Array.isArray(value['parts']) &&
    value['parts'].every(isPart)
  );
}

function isPart(value: unknown): value is ConsentPart {
  return (
    isRecord(value) &&
    (value['kind'] === 'server' || value['kind'] === 'section') &&
    typeof value['name'] === 'string' &&
    typeof value['digest'] === 'string' &&
    Array.isArray(value['lines']) &&
    value['lines'].every((line) => typeof line === 'string')
  );
}

function whyUnfit(unfit: Unfit): string {
  switch (unfit.is) {
    case 'link':
      return 'is a link, which could lead to a file of somebody else';
    case 'not-a-file':
      return 'is not a file';
    case 'foreign':
      return 'belongs to another user';
    case 'open-to-others':
      return 'can be written by other users of this machine. Make it yours alone: chmod 600';
    case 'in-open-folder':
      return 'is in a folder that other users can write to. Make the folder yours alone: chmod 700';
    case 'too-large':
      return `is larger than ${MAX_BYTES} bytes. Remove it, and agree again`;
    case 'unreadable':
      return `cannot be read: ${messageOf(unfit.error)}`;
  }
}

/** The real path of a folder, or of the nearest one above it that is there. */
async function nearestReal(folder: string): Promise<string> {
  for (let at = folder; ; at = dirname(at)) {
    const real = await realpath(at).catch(() => undefined);
    if (real !== undefined) return real;
    if (at === dirname(at)) return at;
  }
}
