import type * as client from '@modelcontextprotocol/client';

/**
 * The official client, once it is loaded. That takes longer than to load all of Plenum, so it waits until the first
 * connection is made. Code that has a connection, or an error of one, can use it.
 */
export let official: typeof client;

/** Loads {@link official}. */
export async function loadOfficial(): Promise<typeof client> {
  official ??= await import('@modelcontextprotocol/client');
  return official;
}
