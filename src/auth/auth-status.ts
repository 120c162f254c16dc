import type { AuthProvider } from '@modelcontextprotocol/client';

/** What the official client tells of a request that was refused. */
export type UnauthorizedContext = Parameters<NonNullable<AuthProvider['onUnauthorized']>>[0];

/** Whether there are tokens for a server, and what for. */
export type AuthStatus =
  | { readonly signedIn: false }
  | {
      readonly signedIn: true;
      readonly issuer: string;
      readonly scope?: string;
      /** In epoch milliseconds; absent when the authorization server did not say. */
      readonly expiresAt?: number;
      /** Whether it can be renewed without a person. */
      readonly refreshable: boolean;
    };
