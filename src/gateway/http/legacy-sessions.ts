import { randomUUID } from 'node:crypto';
import type { Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { isRecord } from '../../internal/checks.ts';
import { estimatedSize } from '../../internal/estimated-size.ts';
import { startTimer, type StopTimer } from '../../internal/timers.ts';
import { GatewayClient } from '../clients/gateway-client.ts';
import { ServerChannel } from '../clients/client-server.ts';
import type { ForwardedByServer } from '../upstreams/forwarded-headers.ts';
import type { Identity } from '../identity/identity.ts';
import type { OfficialServer } from '../official-server.ts';
import { EventLog } from './event-log.ts';
import { RETRY_AFTER, refusal, watchEnd, type BusyAnswers } from './responses.ts';

/** They may change: each holds from when it is read next. */
export interface LegacySessionBounds {
  readonly idleMs: number;
  readonly max: number;
  readonly maxPerPrincipal: number;
  readonly maxEventBytes: number;
}

/** What the sessions of clients need from the gateway. */
export interface LegacySessionHost {
  createServer(client: GatewayClient): Server;
  /** What servers get of the headers of a request. */
  forwardedOf(request: Request): ForwardedByServer;
  onConnected(client: GatewayClient, server: Server): void;
  onGone(client: GatewayClient): void;
  onRootsChanged(client: GatewayClient): void;
  /** A request of the client shows who it is now: of the same principal, perhaps with other scopes. */
  onIdentity(client: GatewayClient, identity: Identity): void;
}

/** How much a client may say of itself, about, as it is kept with its session, in bytes. */
const MAX_OPENING_BYTES = 131_072;

const INVALID_REQUEST = -32600;
const SESSION_NOT_FOUND = -32001;
const SERVER_BUSY = -32000;

/** The session of one client that speaks a revision before 2026-07-28. */
class LegacySession {
  readonly client: GatewayClient;
  readonly server: Server;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  /** How many of its requests are being answered, standalone streams included. */
  busy = 0;
  /** How many standalone streams are open. */
  standalone = 0;
  stopTimer: StopTimer = () => {};

  constructor(client: GatewayClient, server: Server, transport: WebStandardStreamableHTTPServerTransport) {
    this.client = client;
    this.server = server;
    this.transport = transport;
  }
}

/** Clients of the revisions before 2026-07-28 over HTTP: each has a session, bound to who opened it. */
export class LegacySessions {
  readonly #sdk: OfficialServer;
  readonly #bounds: LegacySessionBounds;
  readonly #host: LegacySessionHost;
  readonly #busy: BusyAnswers;
  readonly #sessions = new Map<string, LegacySession>();
  readonly #perPrincipal = new Map<string, number>();
  #isDraining = false;

  constructor(sdk: OfficialServer, bounds: LegacySessionBounds, busy: BusyAnswers, host: LegacySessionHost) {
    this.#busy = busy;
    this.#sdk = sdk;
    this.#bounds = bounds;
    this.#host = host;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Those of all sessions, in whatever state. */
  get clients(): readonly GatewayClient[] {
    return [...this.#sessions.values()].map(({ client }) => client);
  }

  async answer(request: Request, identity: Identity, body: unknown): Promise<Response> {
    const id = request.headers.get('mcp-session-id');
    if (id === null && request.method === 'POST' && this.#opens(body))
      return this.#open(request, identity, body);
    if (id === null) return refusal(400, SERVER_BUSY, 'Bad Request: Mcp-Session-Id header is required');
    const session = this.#sessions.get(id);
    // A session of another principal is answered as one that does not exist, so that ids cannot be tried out.
    if (session === undefined || session.client.identity.principal !== identity.principal)
      return refusal(404, SESSION_NOT_FOUND, 'Session not found');
    this.#host.onIdentity(session.client, identity);
    return this.#serve(session, request, body);
  }

  /** Has sessions that are idle already end by the bounds as they are now. */
  onBoundsChanged(): void {
    for (const session of this.#sessions.values()) if (session.busy === 0) this.#watchIdle(session);
  }

  /** Opens no further session. */
  drain(): void {
    this.#isDraining = true;
  }

  async close(): Promise<void> {
    this.drain();
    await Promise.all([...this.#sessions.values()].map((session) => this.#end(session)));
  }

  #opens(body: unknown): boolean {
    const messages = Array.isArray(body) ? body : [body];
    // Without an id it is no request, and its session would be nobody's.
    return messages.some(
      (message) => isRecord(message) && 'id' in message && this.#sdk.isInitializeRequest(message),
    );
  }

  async #open(request: Request, identity: Identity, body: unknown): Promise<Response> {
    if (estimatedSize(body) > MAX_OPENING_BYTES)
      return refusal(413, INVALID_REQUEST, 'A request that opens a session may not be so large');
    if (this.#isDraining || this.#sessions.size >= this.#bounds.max)
      return refusal(503, SERVER_BUSY, 'The gateway takes no further session now', RETRY_AFTER);
    const opened = this.#perPrincipal.get(identity.principal) ?? 0;
    if (opened >= this.#bounds.maxPerPrincipal)
      return refusal(
        429,
        SERVER_BUSY,
        'There are as many sessions as there may be; end one first',
        RETRY_AFTER,
      );
    this.#perPrincipal.set(identity.principal, opened + 1);
    const session = await this.#create(identity, this.#host.forwardedOf(request));
    const response = await this.#serve(session, request, body);
    // It was refused: no client knows this session.
    if (!response.ok) await this.#end(session);
    return response;
  }

  async #create(identity: Identity, forwarded: ForwardedByServer): Promise<LegacySession> {
    const id = randomUUID();
    const client = new GatewayClient(id, identity, 'legacy');
    client.forwarded = forwarded;
    const server = this.#host.createServer(client);
    const transport = new this.#sdk.WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      onsessionclosed: () => this.#end(session),
      eventStore: new EventLog(this.#bounds.maxEventBytes),
    });
    const session = new LegacySession(client, server, transport);
    client.channel = new ServerChannel(
      () => server,
      () => session.standalone > 0,
    );
    this.#sessions.set(id, session);
    server.setNotificationHandler('notifications/roots/list_changed', () =>
      this.#host.onRootsChanged(client),
    );
    let isConnected = false;
    server.oninitialized = () => {
      // A client may say so as often as it likes.
      if (isConnected) return;
      isConnected = true;
      client.info = server.getClientVersion();
      client.capabilities = server.getClientCapabilities() ?? {};
      this.#host.onConnected(client, server);
    };
    await server.connect(transport);
    return session;
  }

  async #serve(session: LegacySession, request: Request, body: unknown): Promise<Response> {
    session.stopTimer();
    session.busy++;
    const isStandalone = request.method === 'GET';
    if (isStandalone) session.standalone++;
    const onEnd = (): void => {
      if (isStandalone) session.standalone--;
      session.busy--;
      if (session.busy === 0) this.#watchIdle(session);
    };
    try {
      const response = await session.transport.handleRequest(request, { parsedBody: body });
      return watchEnd(await this.#unlessBusy(response, request, body), onEnd);
    } catch (error) {
      onEnd();
      throw error;
    }
  }

  /**
   * The official server begins to answer before the request is worked on. That no session with the server is free is known
   * when all has run that waits for nothing outside.
   */
  async #unlessBusy(response: Response, request: Request, body: unknown): Promise<Response> {
    if (!isRecord(body) || body['id'] === undefined || !response.ok) return response;
    await new Promise((resolve) => setImmediate(resolve));
    return this.#busy.inPlaceOf(response, request, body);
  }

  #watchIdle(session: LegacySession): void {
    session.stopTimer();
    if (!this.#sessions.has(session.client.id)) return;
    session.stopTimer = startTimer(this.#bounds.idleMs, () => void this.#end(session));
  }

  async #end(session: LegacySession): Promise<void> {
    const { id, identity } = session.client;
    if (!this.#sessions.delete(id)) return;
    session.stopTimer();
    const left = (this.#perPrincipal.get(identity.principal) ?? 1) - 1;
    if (left === 0) this.#perPrincipal.delete(identity.principal);
    else this.#perPrincipal.set(identity.principal, left);
    this.#host.onGone(session.client);
    await session.server.close();
  }
}
