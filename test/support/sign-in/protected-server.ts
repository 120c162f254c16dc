import { onTestFinished } from 'vitest';
import { openSession, type Session, type SessionOptions } from '../../../src/index.ts';
import { oauth, type AuthEvent, type OAuthOptions } from '../../../src/auth/index.ts';
import type { ServerAuth } from '../../../src/server-spec.ts';
import { startAuthorizationServer } from './authorization-server.mjs';
import { visit } from './browser.mjs';
import {
  startResourceServer,
  type RequestFilter,
  type ResourceServer,
  type ResourceServerOptions,
} from './resource-server.ts';

export interface TokenAnswer {
  status: number;
  body: string;
  /** @default 'application/json' */
  type?: string;
}

export interface AuthorizationServer {
  readonly issuer: string;
  /** Whether its token endpoint is out of order. */
  isBroken: boolean;
  /** Changes what it answers with JSON: metadata, registrations, tokens. */
  alter: (path: string, body: Record<string, unknown>) => unknown;
  /** Called with each request to its token endpoint, which is served when it resolves. */
  onTokenRequest: () => Promise<void>;
  /** Serves the requests to it for which this returns true: an MCP server on the same origin. */
  serveElse: RequestFilter;
  /** What its token endpoint answers the next requests with, one each, instead of serving them. */
  readonly tokenAnswers: TokenAnswer[];
  readonly grants: readonly string[];
  readonly issued: readonly string[];
  readonly refusals: readonly string[];
  readonly registrations: readonly string[];
  /** As an administrator does: none that was given so far can be used any more. */
  revokeRefreshTokens(): Promise<void>;
  stop(): Promise<void>;
}

export interface Protected extends ResourceServer {
  readonly authorizationServer: AuthorizationServer;
}

type Options = Partial<ResourceServerOptions> &
  Parameters<typeof startAuthorizationServer>[0] & {
    /** Whether both are on one origin. */
    onOneOrigin?: boolean;
  };

/** A server that wants tokens, and the authorization server that gives them; both end with the test. */
export async function startProtected(options: Options = {}): Promise<Protected> {
  const authorizationServer = await startAuthorizationServer(options);
  onTestFinished(() => authorizationServer.stop());
  const { issuer } = authorizationServer;
  const behind = options.onOneOrigin === true ? authorizationServer : undefined;
  const resourceServer = await startResourceServer({ issuer, behind, ...options });
  return Object.assign(resourceServer, { authorizationServer });
}

/** Credentials of a person who signs in at once, whenever they are asked. */
export function personWith(options: OAuthOptions = {}): {
  auth: ReturnType<typeof oauth>;
  events: AuthEvent[];
} {
  const events: AuthEvent[] = [];
  const auth = oauth({
    onAuthorize: async (url) => void (await visit(url)),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { auth, events };
}

/** Opens a session that ends with the test. */
export async function openWith(
  url: string,
  auth: ServerAuth,
  options: SessionOptions = {},
): Promise<Session> {
  const session = await openSession({ url, auth }, { name: 'protected', ...options });
  onTestFinished(() => session.destroy());
  return session;
}
