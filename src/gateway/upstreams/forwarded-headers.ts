/** The headers of one request that a server gets, by name. */
export type Forwarded = Readonly<Record<string, string>>;

/** What each server gets of a client's headers, by server. */
export type ForwardedByServer = ReadonlyMap<string, Forwarded>;

export const NOTHING_FORWARDED: ForwardedByServer = new Map();

/** Which headers of clients are passed on to which servers. */
export class ForwardedHeaders {
  readonly #names = new Map<string, readonly string[]>();

  /** `names` are in small letters. */
  add(server: string, names: readonly string[]): void {
    if (names.length > 0) this.#names.set(server, names);
  }

  remove(server: string): void {
    this.#names.delete(server);
  }

  /** What servers get of the headers of a request. A server that gets none is not in it. */
  of({ headers }: Request): ForwardedByServer {
    if (this.#names.size === 0) return NOTHING_FORWARDED;
    const found = [...this.#names].map(([server, names]) => {
      const given = names.flatMap((name): [string, string][] => {
        const value = headers.get(name);
        return value === null ? [] : [[name, value]];
      });
      return [server, Object.fromEntries(given)] as const;
    });
    return new Map(found.filter(([, given]) => Object.keys(given).length > 0));
  }
}
