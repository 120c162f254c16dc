import { oddAnswer } from '../errors/call.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import { printable } from '../internal/text.ts';

interface OddityRow {
  /** What a server sent. */
  readonly found: string;
  /** What becomes of it. */
  readonly done: string;
}

/**
 * What servers send although the protocol does not allow it, and what becomes of it. docs/servers.md shows this table.
 */
export const ODDITIES = {
  'null-member': { found: 'null in a member that may be absent', done: 'read as absent' },
  'odd-member': { found: 'a value that the member cannot have', done: 'the member is left out' },
  'wrong-type': {
    found: 'a text in place of a number or a boolean, or one of these in place of a text',
    done: 'read as what it says',
  },
  'empty-list': { found: 'an empty list in place of an object', done: 'read as an empty object' },
  'lone-value': { found: 'a single value in place of a list', done: 'read as a list of one' },
  'no-list': { found: 'null or an empty object in place of a list', done: 'read as an empty list' },
  'no-time-zone': { found: 'a time without a time zone, or only a date', done: 'read as UTC' },
  'no-capabilities': {
    found: 'a server whose capabilities are no object',
    done: 'read as one that announces none',
  },
  'protocol-version': { found: 'a protocol version that is no plain text', done: 'read as the date in it' },
  'server-info': { found: 'a server without a name or a version', done: 'the missing part is "unknown"' },
  'input-schema': {
    found: 'an input schema that is missing, null, or not for an object',
    done: 'read as the schema of an object',
  },
  'output-schema': {
    found: 'an output schema that this revision does not allow',
    done: 'mended where its meaning is plain, else left out',
  },
  'no-name': { found: 'a resource without a name', done: 'its URI is its name' },
  'unusable-entry': { found: 'an entry without a usable name or URI', done: 'the entry is left out' },
  'too-deep': { found: 'an entry nested more than 256 levels deep', done: 'the entry is left out' },
  'header-declaration': {
    found: 'a tool with an argument that is to be an HTTP header and cannot be (x-mcp-header, 2026-07-28)',
    done: 'the tool is left out, as the protocol demands',
  },
  'end-of-list': { found: 'an empty next cursor', done: 'read as the end of the list' },
  'result-type': {
    found: 'a result without resultType, ttlMs or cacheScope (2026-07-28)',
    done: 'read as complete, and not to be cached',
  },
  'plain-content': { found: 'a plain value in place of a content block', done: 'read as text' },
  'unusable-content': { found: 'content without usable data', done: 'the content is left out' },
  'content-data': { found: 'data that is a data URL or URL-safe base64', done: 'read as base64' },
  'no-media-type': {
    found: 'an image or audio without a media type',
    done: 'read as application/octet-stream',
  },
  'several-contents': {
    found: 'a list of content blocks in a message',
    done: 'read as one message for each',
  },
  'odd-role': { found: 'a role that the protocol does not have', done: 'read as "user"' },
  'structured-content': {
    found: 'structured content that is not an object, before 2026-07-28',
    done: 'passed on as it is',
  },
  'too-many-values': { found: 'more than 100 completions', done: 'the first 100 are taken' },
  'empty-result': { found: 'a result for a request that has none', done: 'read as an empty result' },
  'log-level': { found: 'a log level that the protocol does not have', done: 'read as the nearest one' },
  'empty-params': { found: 'params that are null or an empty list', done: 'read as absent' },
  envelope: {
    found: 'a message without "jsonrpc", with unknown members, or with null beside its result or error',
    done: 'read without these members',
  },
  'plain-error': {
    found: 'an error without a code or a message, or that is a plain text',
    done: 'read as error -32603 with this text',
  },
  'content-type': {
    found: 'an answer over HTTP whose type is missing, repeated or wrong',
    done: 'read as what its body is',
  },
  'end-of-stream': {
    found: 'an event stream whose last event has no blank line after it',
    done: 'read as a whole event',
  },
  'unannounced-tools': { found: 'tools that its capabilities do not announce', done: 'the tools are listed' },
} as const satisfies Record<string, OddityRow>;

export type Oddity = keyof typeof ODDITIES;

/** How many places one report names; it tells how many more there are. */
const MOST_NAMED = 3;
/** How many left-out entries are reported in the life of one session. */
const MOST_LEFT_OUT = 100;

/** Kinds by which something is lost: each lost entry is reported, and not only the first. */
const LOSSES: ReadonlySet<Oddity> = new Set(['unusable-entry', 'too-deep', 'header-declaration']);

/** What was odd in one message: the places, by kind. */
export class Findings {
  readonly places = new Map<Oddity, string[]>();
  /** Whether the result, as it is passed on, has something that the official client refuses, such as unknown content. */
  isBeyondClient = false;

  add(oddity: Oddity, place: string): void {
    const places = this.places.get(oddity);
    if (places === undefined) this.places.set(oddity, [place]);
    else places.push(place);
  }
}

/** Reports what a server sends that is odd: each kind once in the life of a session. */
export class OddityLog {
  readonly #server: string;
  readonly #report: (problem: PlenumError) => void;
  readonly #reported = new Set<string>();
  #leftOut = 0;

  constructor(server: string, report: (problem: PlenumError) => void) {
    this.#server = server;
    this.#report = report;
  }

  /** `where` says in what it was found: `its answer to tools/list`. */
  report(where: string, findings: Findings): void {
    for (const [oddity, places] of findings.places) {
      const fresh = LOSSES.has(oddity) ? this.#unreported(places) : places;
      if (fresh.length === 0 || (!LOSSES.has(oddity) && this.#reported.has(oddity))) continue;
      if (!LOSSES.has(oddity)) this.#reported.add(oddity);
      const named = fresh.slice(0, MOST_NAMED).map((place) => printable(place, 120));
      const more = fresh.length > named.length ? `; and ${fresh.length - named.length} more` : '';
      const { found, done } = ODDITIES[oddity];
      this.#report(
        oddAnswer(this.#server, `${where}: ${found} (${named.join('; ')}${more}): ${done}.`, {
          oddity,
          places: named,
        }),
      );
    }
  }

  #unreported(places: readonly string[]): readonly string[] {
    const fresh: string[] = [];
    for (const place of places) {
      const key = place.slice(0, 200);
      if (this.#leftOut >= MOST_LEFT_OUT || this.#reported.has(key)) continue;
      this.#reported.add(key);
      this.#leftOut++;
      fresh.push(place);
    }
    return fresh;
  }
}
