import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

interface Secret {
  /** A digest by which nodes say which secrets they have. */
  readonly id: string;
  readonly signing: Buffer;
  /** What proves, in Redis, that a cluster has this secret. */
  readonly mark: string;
}

/**
 * The secrets of a cluster, the newest first. All that is made by one names it, and is good as long as the reader has it, too.
 * No key is used for two purposes, nor under two prefixes.
 */
export class ClusterSecrets {
  readonly #secrets: readonly Secret[];
  /** The secret by which things are made. */
  #chosen: Secret;

  constructor(secrets: readonly string[], prefix: string) {
    this.#secrets = secrets.map((secret) => derived(secret, prefix));
    const [newest] = this.#secrets;
    if (newest === undefined) throw new RangeError('A cluster needs a secret.');
    this.#chosen = newest;
  }

  /** Digests of all secrets. */
  get ids(): readonly string[] {
    return this.#secrets.map(({ id }) => id);
  }

  get marks(): readonly string[] {
    return this.#secrets.map(({ mark }) => mark);
  }

  /** The mark of the secret by which things are made. */
  get mark(): string {
    return this.#chosen.mark;
  }

  /** From now on makes things by the newest secret that all of these have, each of which is given by its digests. */
  chooseFor(others: Iterable<readonly string[]>): void {
    const all = [...others];
    const common = this.#secrets.find(({ id }) => all.every((ids) => ids.includes(id)));
    this.#chosen = common ?? this.#secrets[0] ?? this.#chosen;
  }

  /** The text with a signature that holds in `context` only. */
  sign(text: string, context: string): string {
    return `${this.#chosen.id}.${macOf(this.#chosen, text, context)}.${text}`;
  }

  /** As {@link sign}, by all secrets: whoever has one of them can read it. */
  signByAll(text: string, context: string): string {
    return JSON.stringify([
      text,
      Object.fromEntries(this.#secrets.map((each) => [each.id, macOf(each, text, context)])),
    ]);
  }

  /** The text that was signed; undefined when it was not, or by a secret that is not known here. */
  verify(signed: string, context: string): string | undefined {
    const [, id, mac = '', text = ''] = /^([\w-]{1,32})\.([\w-]{1,64})\.(.*)$/s.exec(signed) ?? [];
    const secret = this.#secrets.find((each) => each.id === id);
    return secret !== undefined && isSame(mac, macOf(secret, text, context)) ? text : undefined;
  }

  verifyAny(signed: string, context: string): string | undefined {
    let parsed: unknown;
    try {
      parsed = JSON.parse(signed);
    } catch {
      return undefined;
    }
    const [text, macs]: unknown[] = Array.isArray(parsed) ? parsed : [];
    if (typeof text !== 'string' || typeof macs !== 'object' || macs === null) return undefined;
    const isGood = this.#secrets.some((secret) => {
      const mac: unknown = Reflect.get(macs, secret.id);
      return typeof mac === 'string' && isSame(mac, macOf(secret, text, context));
    });
    return isGood ? text : undefined;
  }
}

function derived(secret: string, prefix: string): Secret {
  const key = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, prefix, `mcp-plenum cluster 1 ${purpose}`, bytes));
  return {
    id: key('id', 9).toString('base64url'),
    signing: key('sign', 32),
    mark: key('mark', 18).toString('base64url'),
  };
}

function macOf({ signing }: Secret, text: string, context: string): string {
  return createHmac('sha256', signing).update(`${context}\n`).update(text).digest('base64url');
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
