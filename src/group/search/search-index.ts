import type MiniSearch from 'minisearch';
import { searchFields, type Searchable, type SearchFields } from './search-fields.ts';
import { stem } from './stem.ts';
import { termsOfQuery, wordsOfName, wordsOfText } from './words.ts';

/** An entry that matches a query. */
export interface Match<E> {
  readonly key: string;
  readonly entry: E;
  /** How well it matches. Comparable only within one search. */
  readonly score: number;
}

interface IndexedEntry<E> {
  readonly entry: E;
  /** The document that was indexed: the engine must be given the same one to remove it. */
  readonly document: SearchDocument;
}

interface SearchDocument extends SearchFields {
  readonly id: number;
}

/** The indexed entries of one scope. */
interface Scope<E> {
  /** The snapshot that they are, when an update has completed. */
  snapshot: ReadonlyMap<string, E> | undefined;
  /** How many updates are under way. */
  updates: number;
  readonly indexed: Map<string, IndexedEntry<E>>;
}

/** How much a match in each field counts. */
const WEIGHTS = { name: 2, title: 1.5, server: 1.5, description: 1, parameters: 0.5 } as const;

/** Shorter words do not match as prefixes: too many words begin with them. */
const LEAST_PREFIX = 4;

/** Further words of a query are ignored. */
const MAX_QUERY_TERMS = 60;

const IDENTIFIERS: ReadonlySet<string | undefined> = new Set(['name', 'parameters', 'server']);

/** Loads the search engine, which a program that never searches does without. */
export async function createSearchIndex<E extends Searchable>(): Promise<SearchIndex<E>> {
  const { default: Engine } = await import('minisearch');
  return new SearchIndex(
    new Engine<SearchDocument>({
      fields: Object.keys(WEIGHTS),
      tokenize: (text, field) => (IDENTIFIERS.has(field) ? wordsOfName(text) : wordsOfText(text)),
      processTerm: stem,
      // Not needed, as documents are removed by `remove`, which cleans up at once; it would start timers.
      autoVacuum: false,
      searchOptions: {
        boost: WEIGHTS,
        tokenize: (query) => termsOfQuery(query).slice(0, MAX_QUERY_TERMS),
        processTerm: (term) => term,
        prefix: (term) => term.length >= LEAST_PREFIX,
      },
    }),
  );
}

/**
 * Ranks entries by BM25 over their names, titles, descriptions and parameter names. Entries come in scopes, such as
 * servers.
 */
export class SearchIndex<E extends Searchable> {
  readonly #engine: MiniSearch<SearchDocument>;
  readonly #scopes = new Map<string, Scope<E>>();
  readonly #found = new Map<number, { readonly key: string; readonly entry: E }>();
  #lastId = 0;

  constructor(engine: MiniSearch<SearchDocument>) {
    this.#engine = engine;
  }

  get scopes(): readonly string[] {
    return [...this.#scopes.keys()];
  }

  /**
   * Updates a scope to a snapshot, one entry a step. Does nothing for the same snapshot, and skips entries that are the
   * same object as before. When two updates interleave, the one that ends last decides.
   */
  *update(name: string, snapshot: ReadonlyMap<string, E>): Generator<void> {
    const scope = this.#scopes.get(name) ?? { snapshot: undefined, updates: 0, indexed: new Map() };
    if (scope.snapshot === snapshot) return;
    this.#scopes.set(name, scope);
    scope.updates++;
    try {
      yield* this.#replace(scope, snapshot);
      scope.snapshot = snapshot;
    } finally {
      scope.updates--;
      if (scope.updates === 0 && scope.indexed.size === 0) this.#scopes.delete(name);
    }
  }

  *#replace(scope: Scope<E>, snapshot: ReadonlyMap<string, E>): Generator<void> {
    const { indexed } = scope;
    for (const [key, known] of indexed) {
      if (snapshot.get(key) === known.entry) continue;
      this.#engine.remove(known.document);
      this.#found.delete(known.document.id);
      indexed.delete(key);
      scope.snapshot = undefined;
      yield;
    }
    for (const [key, entry] of snapshot) {
      if (indexed.has(key)) continue;
      const document = { id: ++this.#lastId, ...searchFields(key, entry) };
      this.#engine.add(document);
      this.#found.set(document.id, { key, entry });
      indexed.set(key, { entry, document });
      scope.snapshot = undefined;
      yield;
    }
  }

  /** The `limit` best matches, the best first; those with the same score in the order of their keys. */
  search(query: string, limit: number, accepts: (entry: E) => boolean): Match<E>[] {
    const matches: Match<E>[] = [];
    let least = 0;
    for (const { id, score } of this.#engine.search(query)) {
      // Those with the score of the last one are needed, too, as the keys decide between them.
      if (matches.length >= limit && score < least) break;
      const found = this.#found.get(Number(id));
      if (found === undefined || !accepts(found.entry)) continue;
      matches.push({ key: found.key, entry: found.entry, score });
      least = score;
    }
    return matches.toSorted(byScore).slice(0, limit);
  }
}

export function byScore(a: Match<unknown>, b: Match<unknown>): number {
  return b.score - a.score || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}
