/** Of the login that a person is asked for. */
export interface AuthorizeContext {
  /** The server that access is wanted to. */
  readonly server: URL;
  /** The authorization server's issuer. */
  readonly issuer: string;
  /** Aborts when the login is over: completed, refused, or given up. */
  readonly signal: AbortSignal;
}

/** What happens between a server and its authorization server. No event holds a secret. */
export type AuthEvent =
  /** A person is to visit `url`; `onAuthorize` is about to be called with it. */
  | { readonly type: 'authorize'; readonly server: string; readonly issuer: string; readonly url: string }
  /** The page could not be shown: whoever sees this event can show `url` in another way. */
  | {
      readonly type: 'authorize-failed';
      readonly server: string;
      readonly url: string;
      readonly reason: string;
    }
  | { readonly type: 'authorized'; readonly server: string; readonly issuer: string }
  | { readonly type: 'refreshed'; readonly server: string; readonly issuer: string };

/** Tells a caller's function, whose failures are its own. */
export function tell(onEvent: ((event: AuthEvent) => void) | undefined, event: AuthEvent): void {
  try {
    onEvent?.(event);
  } catch {
    // A guest; tokens come first.
  }
}
