import type { ClientCapabilities, Implementation, LoggingLevel } from '@modelcontextprotocol/server';
import { isAtLeast } from '../../internal/log-levels.ts';
import type { ProtocolEra, RawRequest } from '../../session/session.ts';
import type { CallClock } from '../routing/call-clock.ts';
import { NOTHING_FORWARDED, type ForwardedByServer } from '../upstreams/forwarded-headers.ts';
import type { Identity } from '../identity/identity.ts';

/** A request of a client that is being worked on, and the way back to the client in its course. */
export interface Exchange {
  readonly client: GatewayClient;
  /** Who made this request: the client's principal, with the scopes of what this request showed. */
  readonly identity: Identity;
  /** Aborts when the client cancels the request, or goes away. */
  readonly signal: AbortSignal;
  /** The HTTP request that it came in, if it came so. */
  readonly http?: Request | undefined;
  /** By what token the client wants to hear of progress, if it does. */
  readonly progressToken: unknown;
  /** How long its server has, while one works on it. */
  clock: CallClock | undefined;
  /** Sends a notification on the stream of the request. */
  notify(notification: RawRequest): Promise<void>;
  /** Asks the client something that a server wants to know, and resolves with the client's result. */
  ask(request: RawRequest, signal: AbortSignal): Promise<Record<string, unknown>>;
  /** The least severe level of log messages that is wanted, if the client has said so. */
  readonly logLevel: LoggingLevel | undefined;
  /** Whether a log message of this level is wanted. */
  wantsLog(level: LoggingLevel): boolean;
}

/** How a client is reached outside any of its requests. */
export interface ClientChannel {
  /** Whether there is a stream on which a request would reach the client now. */
  readonly isOpen: boolean;
  notify(notification: RawRequest): Promise<void>;
  ask(request: RawRequest, signal: AbortSignal): Promise<Record<string, unknown>>;
}

export const RESOURCE_UPDATED = 'notifications/resources/updated';

/**
 * One client: a session of the older revisions, or the one client on stdio; or, in 2026-07-28 over HTTP, the sender of one
 * request, of whom nothing is kept.
 */
export class GatewayClient {
  readonly id: string;
  /** Who it is, as its latest request showed. The principal never changes. */
  identity: Identity;
  readonly era: ProtocolEra;
  /** Since when, in epoch milliseconds. */
  readonly since = Date.now();
  info: Implementation | undefined;
  capabilities: ClientCapabilities = {};
  /** The least severe level of log messages that it wants; undefined before it said so. */
  logLevel: LoggingLevel | undefined;
  /** How many tool calls it has made. */
  calls = 0;
  /** Undefined for the sender of one request: nothing reaches it but answers. */
  channel: ClientChannel | undefined;
  /** What servers get of its headers: of an older revision, of those of its `initialize`. */
  forwarded: ForwardedByServer = NOTHING_FORWARDED;
  /** Whether it stands for all clients of its principal of which nothing is kept. */
  isForPrincipal = false;
  /** Servers that it may not use any more. What they say outside its calls is not for it. */
  muted: ReadonlySet<string> = new Set();
  /** URIs that it is subscribed to, with the server of each. */
  readonly subscriptions = new Map<string, string>();
  /**
   * Called when a subscription has ended with its session. A client that listens on no stream of its own for it is told that
   * the resource may have changed: reading it says the rest.
   */
  onSubscriptionLost = (uri: string): void => {
    this.channel?.notify({ method: RESOURCE_UPDATED, params: { uri } }).catch(() => {}); // It is gone.
  };

  constructor(id: string, identity: Identity, era: ProtocolEra) {
    this.id = id;
    this.identity = identity;
    this.era = era;
  }

  wantsLog(level: LoggingLevel): boolean {
    return this.logLevel === undefined ? this.era === 'legacy' : isAtLeast(level, this.logLevel);
  }
}
