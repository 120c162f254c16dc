import { extractWWWAuthenticateParams, type FetchLike } from '@modelcontextprotocol/client';

/** What a server says with a refusal. */
export interface Challenge {
  readonly resourceMetadataUrl?: URL | undefined;
  readonly scope?: string | undefined;
}

/** Asks a server for something harmless, to hear what it says to whoever has no token. */
export async function askForChallenge(server: URL, fetch: FetchLike): Promise<Challenge> {
  const response = await fetch(server, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
  });
  await response.body?.cancel();
  return response.status === 401 ? extractWWWAuthenticateParams(response) : {};
}
