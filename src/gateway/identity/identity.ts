/** Who a client is. */
export interface Identity {
  /**
   * What isolation goes by: clients of one principal may share what is kept for `principal`. Of an API key it is
   * `key:` and the key's id; of an access token `oauth:`, the issuer, a space and the subject.
   */
  readonly principal: string;
  /** Facts about it that the caller's own functions may want, such as the claims of a token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** What it may do, as its key or its token says. */
  readonly scopes?: readonly string[];
  /** The name of the API key that it showed. */
  readonly key?: string;
  /** When what it showed expires, in epoch milliseconds; the streams that it has open end then. */
  readonly expiresAt?: number;
}

/** Whoever reaches a gateway that asks nobody who they are. */
export const LOCAL_IDENTITY: Identity = { principal: 'local' };

export const KEY_PRINCIPAL = 'key:';
export const OAUTH_PRINCIPAL = 'oauth:';

/** Who sent the requests that are being answered. */
const senders = new WeakMap<Request, Identity>();

/** Notes who sent a request, for what is called in its course. */
export function noteSender(request: Request, identity: Identity): void {
  senders.set(request, identity);
}

export function senderOf(request: Request | undefined): Identity | undefined {
  return request === undefined ? undefined : senders.get(request);
}
