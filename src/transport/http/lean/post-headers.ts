import type { JSONRPCRequest } from '@modelcontextprotocol/client';
import { DEFAULT_HEADERS } from '../network/pool-fetch.ts';

const VERSION_CLAIM = 'io.modelcontextprotocol/protocolVersion';
/** What stands in a header as it is; the official client encodes the rest (SEP-2243). */
const PLAIN_VALUE = /^(?!=\?base64\?)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/i;

/** What the requests of one connection have in common. */
export interface ConnectionFacts {
  readonly sessionId: string | undefined;
  readonly protocolVersion: string | undefined;
  /** Empty when there is none. */
  readonly token: string;
}

/**
 * The headers of a POST with one request, as the official transport would send them: its own win over those of the
 * spec. What all requests have in common is put together once.
 */
export class PostHeaders {
  readonly #spec: Headers;
  #facts: ConnectionFacts | undefined;
  #common: readonly string[] = [];
  /** With the version of the connection, for requests that do not name their own. */
  #versioned: string[] = [];

  constructor(spec: Headers) {
    this.#spec = spec;
  }

  /** Names and values in turn; undefined when a value would have to be encoded. */
  for({ method, params }: JSONRPCRequest, facts: ConnectionFacts): string[] | undefined {
    if (!isSame(facts, this.#facts)) this.#prepare(facts);
    const claim = params?._meta?.[VERSION_CLAIM];
    if (typeof claim !== 'string') return this.#versioned;
    const name = method === 'resources/read' ? params?.['uri'] : params?.['name'];
    if (!PLAIN_VALUE.test(claim) || !PLAIN_VALUE.test(method)) return undefined;
    const own = ['mcp-protocol-version', claim, 'mcp-method', method];
    if (typeof name !== 'string') return [...this.#common, ...own];
    return PLAIN_VALUE.test(name) ? [...this.#common, ...own, 'mcp-name', name] : undefined;
  }

  #prepare(facts: ConnectionFacts): void {
    const { protocolVersion } = facts;
    this.#facts = facts;
    this.#common = commonHeaders(this.#spec, facts);
    this.#versioned = [
      ...this.#common,
      ...(protocolVersion === undefined ? [] : ['mcp-protocol-version', protocolVersion]),
    ];
  }
}

function commonHeaders(spec: Headers, { sessionId, token }: ConnectionFacts): readonly string[] {
  const headers = new Headers(spec);
  for (const [name, value] of Object.entries(DEFAULT_HEADERS)) if (!spec.has(name)) headers.set(name, value);
  for (const name of ['mcp-protocol-version', 'mcp-method', 'mcp-name']) headers.delete(name);
  headers.set('content-type', 'application/json');
  headers.set('accept', 'application/json, text/event-stream');
  if (sessionId !== undefined) headers.set('mcp-session-id', sessionId);
  if (token !== '') headers.set('authorization', `Bearer ${token}`);
  return [...headers].flat();
}

function isSame(a: ConnectionFacts, b: ConnectionFacts | undefined): boolean {
  return (
    b !== undefined &&
    a.sessionId === b.sessionId &&
    a.protocolVersion === b.protocolVersion &&
    a.token === b.token
  );
}
