import { resolve } from 'node:path';
import { apiKeysUnusable, keyFileMissing, keyFileUnread } from '../../errors/gateway.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { pollFile } from '../../internal/files/poll-file.ts';
import { hasDigest, hashBytes, keyIdOf, type ApiKeyRecord } from './api-key.ts';
import { KEY_PRINCIPAL, type Identity } from './identity.ts';
import { faultOf, readKeyFile } from './key-file.ts';

interface KnownKey {
  readonly digest: Buffer;
  readonly identity: Identity;
}

/** Compared with a key of unknown id, so that it takes as long as a wrong key of a known one. */
const NO_DIGEST = Buffer.alloc(32);

const POLL = { intervalMs: 500, settleMs: 50 };

/** What a key ring tells its owner. */
export interface KeyRingListener {
  /** The keys have changed: some may be gone. */
  onChanged(): void;
  /** The file cannot be used; the keys that were read before go on. */
  onProblem(error: PlenumError): void;
}

/** The API keys that a gateway knows. */
export class KeyRing {
  readonly #stop = new AbortController();
  #keys: ReadonlyMap<string, KnownKey>;

  private constructor(records: readonly ApiKeyRecord[]) {
    this.#keys = byId(records);
  }

  /** Reads the keys, and follows the file until it is closed. Rejects with `CONFIG_INVALID`. */
  static async open(given: string | readonly ApiKeyRecord[], listener: KeyRingListener): Promise<KeyRing> {
    if (typeof given !== 'string') {
      const wrong = faultOf(given);
      if (wrong !== undefined) throw apiKeysUnusable(wrong);
      return new KeyRing(given);
    }
    const path = resolve(given);
    const records = await readKeyFile(path);
    if (records === undefined) throw keyFileMissing(path);
    const ring = new KeyRing(records);
    await ring.#follow(path, listener);
    return ring;
  }

  /** Who has shown a key; undefined for one that is unknown or has expired. */
  find(key: string): Identity | undefined {
    const id = keyIdOf(key);
    const known = id === undefined ? undefined : this.#keys.get(id);
    if (!hasDigest(key, known?.digest ?? NO_DIGEST) || known === undefined) return undefined;
    return isExpired(known.identity) ? undefined : known.identity;
  }

  /** Whether an identity that was found here would be found now. */
  stillHas({ principal }: Identity): boolean {
    return this.#keys.has(principal.slice(KEY_PRINCIPAL.length));
  }

  close(): void {
    this.#stop.abort();
  }

  async #follow(path: string, listener: KeyRingListener): Promise<void> {
    const { signal } = this.#stop;
    let reading = Promise.resolve();
    const read = async (): Promise<void> => {
      try {
        // When the file was removed, so were its keys.
        const records = (await readKeyFile(path)) ?? [];
        if (signal.aborted) return;
        this.#keys = byId(records);
        listener.onChanged();
      } catch (error) {
        if (!signal.aborted) listener.onProblem(keyFileUnread(error));
      }
    };
    await pollFile(path, { ...POLL, signal }, () => {
      reading = reading.then(read);
    });
    // It may have changed between the first look and now.
    await read();
  }
}

export function isExpired({ expiresAt }: Identity): boolean {
  return expiresAt !== undefined && expiresAt <= Date.now();
}

function byId(records: readonly ApiKeyRecord[]): ReadonlyMap<string, KnownKey> {
  return new Map(
    records.map((record) => {
      const { id, name, scopes = [], expiresAt } = record;
      const identity: Identity = Object.freeze({
        principal: KEY_PRINCIPAL + id,
        key: name,
        scopes: Object.freeze([...scopes]),
        ...(expiresAt !== undefined && { expiresAt: Date.parse(expiresAt) }),
      });
      return [id, { digest: hashBytes(record), identity }];
    }),
  );
}
