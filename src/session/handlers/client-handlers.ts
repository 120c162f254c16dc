import type {
  Client,
  ClientCapabilities,
  ClientContext,
  LoggingLevel,
  StandardSchemaV1Sync,
} from '@modelcontextprotocol/client';
import { handlerFailed } from '../../errors/call.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { INVALID_PARAMS, METHOD_NOT_FOUND } from '../../internal/json/rpc-codes.ts';
import { printable } from '../../internal/text.ts';
import { official } from '../../transport/official.ts';
import type { Relation } from '../../transport/managed-transport.ts';
import type { ConnectionTap } from '../connection/connection-tap.ts';
import type { Session, SessionEvent } from '../session.ts';
import { noteRelation } from '../session-internals.ts';
import { checkedAnswer, handlerFailure } from './handler-answer.ts';
import { RefusedRequest, type HandlerPlaces } from './handler-places.ts';
import type { HandlerContext, Handlers, NotificationContext, Related } from './handlers.ts';
import { IncomingRequests } from './incoming-requests.ts';
import type { MessageObserver } from './message-observer.ts';

export interface HandlerInstallation {
  readonly session: Session;
  readonly handlers: Handlers;
  readonly capabilities: ClientCapabilities;
  readonly places: HandlerPlaces;
  /** Calls `onMessage`; undefined when there is none. */
  readonly observe: MessageObserver | undefined;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Sets the callbacks of a new client: requests go to the handlers, notifications to events and handlers, errors to
 * events.
 */
export function installHandlers(client: Client, tap: ConnectionTap, installation: HandlerInstallation): void {
  const { places, observe } = installation;
  const isModern = (): boolean => client.getProtocolEra() === 'modern';
  tap.incoming = new IncomingRequests(places, isModern, (answer) => tap.send(answer));
  tap.observe = observe;
  installRequestHandlers(client, tap, installation, isModern);
  installNotificationHandlers(client, tap, installation);
  client.onerror = (error) => {
    // An error that the transport made rejects the caller's request, so it is reported already.
    if (error instanceof PlenumError) return;
    const reported = problem(installation, 'The connection reported a problem', error);
    installation.emit({ type: 'problem', error: reported });
    observe?.(reported);
  };
}

/** How a request of a server is answered. */
interface Question<T> {
  readonly method: string;
  /** The option that has the handler. */
  readonly option: string;
  readonly ask: () => unknown;
  readonly schema: StandardSchemaV1Sync<unknown, T>;
  /** Throws when the answer is wrong in a way that the schema does not say. */
  readonly check?: (answer: unknown) => void;
}

function installRequestHandlers(
  client: Client,
  tap: ConnectionTap,
  { handlers, session, capabilities, places, emit }: HandlerInstallation,
  isModern: () => boolean,
): void {
  const { onSampling, onElicitation, onRoots } = handlers;
  const context = (ctx: ClientContext): HandlerContext & Related => ({
    server: session.name,
    session,
    requestId: ctx.mcpReq.id,
    meta: ctx.mcpReq._meta,
    signal: ctx.mcpReq.signal,
    ...withRelation(tap.incoming?.relationOf(ctx.mcpReq.id)),
  });
  const answer = async <T>(ctx: ClientContext, question: Question<T>): Promise<T> => {
    const { method, option, ask, schema, check } = question;
    const { signal } = ctx.mcpReq;
    try {
      return await places.of(method).run(signal, async () => {
        const given = await ask();
        check?.(given);
        return checkedAnswer(given, schema);
      });
    } catch (thrown) {
      const failure = handlerFailure(thrown, option, session.name);
      // What comes after a cancellation is neither sent nor of interest.
      if (failure.isFault && !signal.aborted) emit({ type: 'problem', error: failure.error });
      // In 2026-07-28 nothing is sent when a handler fails: the error goes to the caller of the request that needed it.
      throw isModern() ? failure.error : failure.answer;
    }
  };

  if (onSampling !== undefined) {
    client.setRequestHandler('sampling/createMessage', ({ params }, ctx) => {
      const { specTypeSchemas: schemas } = official;
      const hasTools = params.tools !== undefined || params.toolChoice !== undefined;
      const ask = (): unknown => {
        if (hasTools && capabilities.sampling?.tools === undefined)
          throw new RefusedRequest(INVALID_PARAMS, 'The client does not support tools in sampling.');
        return onSampling(context(ctx), params);
      };
      const question = { method: 'sampling/createMessage', option: 'onSampling', ask };
      return hasTools
        ? answer(ctx, { ...question, schema: schemas.CreateMessageResultWithTools })
        : answer(ctx, { ...question, schema: schemas.CreateMessageResult });
    });
  }
  if (onElicitation !== undefined) {
    client.setRequestHandler('elicitation/create', ({ params }, ctx) =>
      answer(ctx, {
        method: 'elicitation/create',
        option: 'onElicitation',
        ask: () => onElicitation(context(ctx), params),
        schema: official.specTypeSchemas.ElicitResult,
      }),
    );
  }
  if (onRoots !== undefined) {
    client.setRequestHandler('roots/list', (_request, ctx) =>
      answer(ctx, {
        method: 'roots/list',
        option: 'onRoots',
        ask: async () => {
          const given = await onRoots(context(ctx));
          return { roots: 'roots' in given ? given.roots : given };
        },
        schema: official.specTypeSchemas.ListRootsResult,
        check: expectFiles,
      }),
    );
  }
  client.fallbackRequestHandler = async ({ method, params }) => {
    // The specification (2025-11-25, elicitation) has a code of its own for a mode that was not declared.
    if (method === 'elicitation/create') {
      const mode = params?.['mode'] === 'url' ? 'URL' : 'form';
      const message = `The client does not support elicitation in ${mode} mode.`;
      throw new official.ProtocolError(INVALID_PARAMS, message);
    }
    throw new official.ProtocolError(METHOD_NOT_FOUND, 'Method not found');
  };
}

/** Roots are files or folders, so far (specification, roots). */
function expectFiles(answer: unknown): void {
  const roots: unknown = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'roots') : [];
  for (const root of Array.isArray(roots) ? (roots as unknown[]) : []) {
    const uri: unknown = typeof root === 'object' && root !== null ? Reflect.get(root, 'uri') : undefined;
    if (typeof uri !== 'string' || (uri.startsWith('file://') && URL.canParse(uri))) continue;
    throw new TypeError(`the root "${printable(uri)}" is no "file://" URI, as the protocol demands`);
  }
}

function installNotificationHandlers(
  client: Client,
  tap: ConnectionTap,
  installation: HandlerInstallation,
): void {
  const { emit, handlers, session } = installation;
  const context = (): NotificationContext & Related => ({
    server: session.name,
    session,
    ...withRelation(tap.relation),
  });
  const notify = async (option: string, run: () => void | Promise<void>): Promise<void> => {
    try {
      await run();
    } catch (error) {
      emit({ type: 'problem', error: problem(installation, `Handler "${option}" threw`, error) });
    }
  };

  client.setNotificationHandler('notifications/tools/list_changed', () =>
    emit({ type: 'list-changed', kind: 'tools' }),
  );
  client.setNotificationHandler('notifications/prompts/list_changed', () =>
    emit({ type: 'list-changed', kind: 'prompts' }),
  );
  client.setNotificationHandler('notifications/resources/list_changed', () =>
    emit({ type: 'list-changed', kind: 'resources' }),
  );
  client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
    emit({ type: 'resource-updated', uri: params.uri }),
  );
  client.setNotificationHandler('notifications/message', async ({ params }) => {
    const message: { level: LoggingLevel; logger?: string | undefined; data: unknown } = {
      level: params.level,
      logger: params.logger,
      data: params.data,
    };
    const given = context();
    const event = { type: 'log', ...message } as const;
    noteRelation(event, given.relation);
    emit(event);
    if (handlers.onLog !== undefined) await notify('onLog', () => handlers.onLog?.(given, message));
  });
  client.fallbackNotificationHandler = async (notification) => {
    const given = context();
    const { method, params } = notification;
    const event = { type: 'notification', method, params } as const;
    noteRelation(event, given.relation);
    emit(event);
    await notify('onNotification', () => handlers.onNotification?.(given, notification));
  };
}

function withRelation(relation: Relation | undefined): Related | undefined {
  return relation === undefined ? undefined : { relation };
}

function problem({ session }: HandlerInstallation, what: string, error: unknown): PlenumError {
  return handlerFailed(`${what} on server "${session.name}"`, session.name, error);
}
