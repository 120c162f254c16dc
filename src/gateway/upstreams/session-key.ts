import type { ClientCapabilities } from '@modelcontextprotocol/server';
import { isRecord } from '../../internal/checks.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import type { Isolation } from '../../group/server-options.ts';
import type { Forwarded } from './forwarded-headers.ts';

/** The capabilities of clients that a gateway hands on to servers. */
export type ClientFeatures = Pick<ClientCapabilities, 'sampling' | 'elicitation' | 'roots'>;

/**
 * Only the members that the protocol has: there is a session for each combination, and a client could make up others without
 * end.
 */
function featuresOf({ sampling, elicitation, roots }: ClientCapabilities): ClientFeatures {
  const { form, url } = elicitation ?? {};
  return {
    ...(sampling !== undefined && {
      sampling: {
        ...(sampling.context !== undefined && { context: {} }),
        ...(sampling.tools !== undefined && { tools: {} }),
      },
    }),
    ...(elicitation !== undefined && {
      elicitation: {
        ...(form !== undefined && { form: form['applyDefaults'] === true ? { applyDefaults: true } : {} }),
        ...(url !== undefined && { url: {} }),
      },
    }),
    ...(roots !== undefined && { roots: roots.listChanged === true ? { listChanged: true } : {} }),
  };
}

/**
 * Whose a session is: the client's alone, or its principal's. Of the sender of one request nothing is kept, so that its
 * sessions are its principal's, too.
 */
export function holderOf(client: GatewayClient, isolation: Isolation): string {
  return isOwn(client, isolation) ? `client ${client.id}` : `${OF_PRINCIPAL}${client.identity.principal}`;
}

/** Whether a client's sessions with a server are its alone. */
export function isOwn({ channel, isForPrincipal }: GatewayClient, isolation: Isolation): boolean {
  return isolation === 'client' && channel !== undefined && !isForPrincipal;
}

const OF_PRINCIPAL = 'principal ';

/**
 * What sessions are kept apart by, here and in the manager: the holder, and the capabilities that the session declares. A
 * session declares them once, when it is opened, and a server must be told neither more nor less than the client can do:
 * so clients of one principal that can do different things do not share one. The manager gives the key back to the function
 * that makes the spec.
 */
export function keyOf(client: GatewayClient, isolation: Isolation, forwarded?: Forwarded): string {
  const { principal } = client.identity;
  const key = {
    holder: holderOf(client, isolation),
    user: principal,
    features: featuresOf(client.capabilities),
    // A server may answer by them, and is sent them with the first request of a session already.
    ...(forwarded !== undefined && { forwarded }),
  };
  // All of it is made here, in one order.
  return JSON.stringify(key);
}

/** The keys of the sessions that a client uses and not everybody does; its own come last. */
export function keysOf(client: GatewayClient): readonly string[] {
  const { forwarded } = client;
  const sent = forwarded.size === 0 ? [undefined] : [undefined, ...new Set(forwarded.values())];
  const keys = (isolation: Isolation): string[] => sent.map((each) => keyOf(client, isolation, each));
  return [...keys('principal'), ...keys('client')];
}

/** What a client's requests send a server of its headers, of the session of a key. */
export function forwardedOfKey(key: string): Forwarded {
  const parsed: unknown = JSON.parse(key);
  const forwarded: unknown = isRecord(parsed) ? parsed['forwarded'] : undefined;
  return isRecord(forwarded)
    ? Object.fromEntries(Object.entries(forwarded).map(([name, value]) => [name, String(value)]))
    : {};
}

/** Whose sessions of a key are; undefined when they are one client's alone. */
export function principalOfKey(key: string): string | undefined {
  const parsed: unknown = JSON.parse(key);
  const holder: unknown = isRecord(parsed) ? parsed['holder'] : undefined;
  const isOfPrincipal = typeof holder === 'string' && holder.startsWith(OF_PRINCIPAL);
  return isOfPrincipal ? holder.slice(OF_PRINCIPAL.length) : undefined;
}

/** The principal for whom the sessions of a key are opened, whoever of its clients holds them. */
export function userOfKey(key: string): string {
  const parsed: unknown = JSON.parse(key);
  return isRecord(parsed) ? String(parsed['user']) : '';
}

export function featuresOfKey(key: string): ClientFeatures {
  const parsed: unknown = JSON.parse(key);
  const features: unknown = isRecord(parsed) ? parsed['features'] : undefined;
  return isRecord(features) ? featuresOf(features) : {};
}
