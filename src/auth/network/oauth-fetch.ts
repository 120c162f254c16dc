import { lookup as lookUp } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { FetchLike } from '@modelcontextprotocol/client';
import { Agent, buildConnector, fetch as pooledFetch } from '#undici';
import { addressRefused } from '../../errors/auth.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { Limit } from '../../internal/limit.ts';
import { hasOwnSockets } from '../../internal/undici.ts';
import type { ConnectionFetch, DetachedFetch } from '../../server-spec.ts';
import { isLoopbackUrl, isPrivateAddress, literalAddress } from './private-address.ts';

const REQUEST_TIMEOUT_MS = 30_000;
/** Metadata, registrations and tokens are small. */
const MAX_BODY_BYTES = 1024 * 1024;

interface Agents {
  /** To the server's origin, when there is no connection to it. */
  readonly toServer: Agent;
  /** To all other origins. */
  readonly toOthers: Agent;
}

interface OAuthFetchOptions {
  /** The MCP server that the credentials are for. */
  readonly server: URL;
  /**
   * The `fetch` of the server's connection, used for URLs of the server's origin: it sends the headers of the spec. What
   * is sent is detached from the connection: if that ended in the midst of a refresh, a new refresh token would be lost.
   */
  readonly viaTransport?: ConnectionFetch | undefined;
  /** The caller's `fetch`, in place of the built-in one. */
  readonly fetch?: FetchLike | undefined;
  readonly allowPrivateAddresses: boolean;
  /** Resolves names. @default that of `node:dns` */
  readonly lookup?: LookupFunction | undefined;
}

/**
 * The `fetch` of one OAuth flow. The MCP server chooses the authorization server, so no address is trusted: only
 * https is allowed, or http to loopback; a private address only when the server has one too, checked when the socket
 * is opened; no redirects but those that the official client follows within the origin; limits on time and size.
 */
export class OAuthFetch {
  /** Whether the server was at a private address when it named the authorization server; undefined when not known. */
  wasPrivate: boolean | undefined;
  readonly #options: OAuthFetchOptions;
  readonly #lookup: LookupFunction;
  /** Undefined where undici has no sockets, and when the caller gave a `fetch`. */
  readonly #agents: Agents | undefined;
  #detached: DetachedFetch | undefined;
  /** The address of the last socket that was opened to the server's origin, when there is no connection to it. */
  #serverAddress: string | undefined;
  /** Undefined until another origin is asked. */
  #mayBePrivate: boolean | undefined;

  constructor(options: OAuthFetchOptions) {
    this.#options = options;
    this.#lookup = options.lookup ?? lookUp;
    if (hasOwnSockets && options.fetch === undefined) this.#agents = this.#openAgents();
  }

  readonly fetch: FetchLike = async (target, init = {}) => {
    const url = new URL(target);
    const limit = new Limit({ ms: REQUEST_TIMEOUT_MS }, init.signal ?? undefined);
    try {
      await this.#check(url);
      const response = await this.#send(url, { redirect: 'error', ...init, signal: limit.signal });
      return await readWhole(response, url);
    } catch (error) {
      // The official client passes on a TypeError only; after any other error it guesses endpoints.
      throw error instanceof TypeError ? error : new TypeError('A request was not made.', { cause: error });
    } finally {
      limit.stop();
    }
  };

  /**
   * Whether the server is at a private address, so that it may name others. The addresses that it is connected to
   * decide: what its DNS says beside them is the server's own choice.
   */
  async serverIsPrivate(): Promise<boolean> {
    this.#mayBePrivate ??= await this.#judgeServer();
    return this.#mayBePrivate;
  }

  /** Closes every socket. */
  async close(): Promise<void> {
    await Promise.all([
      this.#agents?.toServer.destroy(),
      this.#agents?.toOthers.destroy(),
      this.#detached?.close(),
    ]);
  }

  #openAgents(): Agents {
    const open = buildConnector({ lookup: this.#lookup });
    const toServer = new Agent({
      connect: (target, done) =>
        open(target, (...result) => {
          this.#serverAddress = result[1]?.remoteAddress ?? this.#serverAddress;
          done(...result);
        }),
    });
    return { toServer, toOthers: new Agent({ connect: { lookup: this.#publicLookup() } }) };
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const { server, viaTransport, fetch = globalThis.fetch } = this.#options;
    if (viaTransport !== undefined && url.origin === server.origin) {
      this.#detached ??= viaTransport.detach?.();
      return (this.#detached?.fetch ?? viaTransport)(url, init);
    }
    if (this.#agents === undefined) return fetch(url, init);
    const { toServer, toOthers } = this.#agents;
    return fetchThrough(url.origin === server.origin ? toServer : toOthers, url, init);
  }

  async #check(url: URL): Promise<void> {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackUrl(url))) {
      throw addressRefused(url, 'it is not https');
    }
    const { server } = this.#options;
    if (url.origin === server.origin || (await this.serverIsPrivate())) return;
    const address = literalAddress(url);
    if (isLoopbackUrl(url) || (address !== undefined && isPrivateAddress(address)))
      throw refusedAsPrivate(url);
    // A fetch resolves names itself, so the address can be checked only here, before the request.
    if (this.#agents === undefined && (await this.#addressesOf(url)).some(isPrivateAddress))
      throw refusedAsPrivate(url);
  }

  async #judgeServer(): Promise<boolean> {
    const { server, viaTransport, allowPrivateAddresses } = this.#options;
    if (allowPrivateAddresses || isLoopbackUrl(server)) return true;
    const literal = literalAddress(server);
    if (literal !== undefined) return isPrivateAddress(literal);
    const own = this.#serverAddress === undefined ? [] : [this.#serverAddress];
    const connected = viaTransport?.peerAddresses?.() ?? own;
    if (connected.length > 0) return connected.every(isPrivateAddress);
    if (this.wasPrivate !== undefined) return this.wasPrivate;
    // A proxy or a fetch is connected, to nobody knows which of them.
    const addresses = await this.#addressesOf(server);
    return addresses.length > 0 && addresses.every(isPrivateAddress);
  }

  /**
   * Resolves a name and refuses a private address. The socket uses this very answer, so DNS cannot give another one
   * later.
   */
  #publicLookup(): LookupFunction {
    return (hostname, options, callback) => {
      this.#lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null || typeof found === 'string') return callback(error, []);
        if (this.#mayBePrivate !== true && found.some(({ address }) => isPrivateAddress(address))) {
          return callback(refusedAsPrivate(new URL(`https://${hostname}`)), []);
        }
        if (options.all === true) return callback(null, found);
        const [first] = found;
        return callback(null, first?.address ?? '', first?.family);
      });
    };
  }

  /** The addresses of a name; none when it cannot be resolved. */
  async #addressesOf({ hostname }: URL): Promise<string[]> {
    return new Promise((resolve) => {
      this.#lookup(hostname, { all: true }, (_error, found) => {
        resolve(Array.isArray(found) ? found.map(({ address }) => address) : []);
      });
    });
  }
}

function refusedAsPrivate(url: URL): PlenumError {
  return addressRefused(
    url,
    'it is a private address, named by a server that is not at one. If that is right, set "allowPrivateAddresses"',
  );
}

async function fetchThrough(agent: Agent, url: URL, init: RequestInit): Promise<Response> {
  const { method, headers, body, redirect, signal } = init;
  if (body instanceof FormData) throw new TypeError('OAuth sends no FormData.');
  const response = await pooledFetch(url, {
    dispatcher: agent,
    ...(method !== undefined && { method }),
    ...(headers !== undefined && { headers: [...new Headers(headers)] }),
    ...(body !== undefined && { body }),
    ...(redirect !== undefined && { redirect }),
    ...(signal !== undefined && { signal }),
  });
  return response;
}

/** The whole answer, at most a megabyte of it. */
async function readWhole(response: Response, url: URL): Promise<Response> {
  if (response.body === null) return response;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (bytes > MAX_BODY_BYTES) throw addressRefused(url, `its answer has more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  const { status, statusText, headers } = response;
  return new Response(chunks.length === 0 ? null : Buffer.concat(chunks), { status, statusText, headers });
}
