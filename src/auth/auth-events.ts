/** What is known of a login while a person signs in. */
export interface AuthorizeContext {
  /** The MCP server that the login gives access to. */
  readonly server: URL;
  /** The authorization server's issuer. */
  readonly issuer: string;
  /** Aborts when the login ends: it was completed, refused, or cancelled. */
  readonly signal: AbortSignal;
}

/** What happens between a server and its authorization server. No event holds a secret. */
export type AuthEvent =
  /** A person has to open `url`; `onAuthorize` is called with it next. */
  | { readonly type: 'authorize'; readonly server: string; readonly issuer: string; readonly url: string }
  /** The login page could not be opened. A listener can show `url` to the user in another way. */
  | {
      readonly type: 'authorize-failed';
      readonly server: string;
      readonly url: string;
      readonly reason: string;
    }
  | { readonly type: 'authorized'; readonly server: string; readonly issuer: string }
  | { readonly type: 'refreshed'; readonly server: string; readonly issuer: string };

/** Calls the caller's listener. What the listener throws is dropped. */
export function tell(onEvent: ((event: AuthEvent) => void) | undefined, event: AuthEvent): void {
  try {
    onEvent?.(event);
  } catch {
    // An error of the listener must not end the login.
  }
}
