import type { Client, ClientContext, LoggingLevel } from '@modelcontextprotocol/client';
import { handlerFailed } from '../../errors/call.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { HandlerContext, Handlers } from '../handlers.ts';
import type { Session, SessionEvent } from '../session.ts';

/** Requests of one server that handlers work on at a time; a further one is answered with an error. */
const MAX_RUNNING_HANDLERS = 1_000;

export interface HandlerInstallation {
  readonly session: Session;
  readonly handlers: Handlers;
  readonly emit: (event: SessionEvent) => void;
}

/** Connects a new client's requests, notifications and complaints with the session's handlers and events. */
export function installHandlers(client: Client, installation: HandlerInstallation): void {
  installRequestHandlers(client, installation);
  installNotificationHandlers(client, installation);
  client.onerror = (error) => {
    // What a transport classified already reaches the caller whose request it failed.
    if (error instanceof PlenumError) return;
    installation.emit({
      type: 'problem',
      error: problem(installation, 'The connection reported a problem', error),
    });
  };
}

function installRequestHandlers(client: Client, installation: HandlerInstallation): void {
  const { handlers, session } = installation;
  const { onSampling, onElicitation, onRoots } = handlers;
  const context = (ctx: ClientContext): HandlerContext => ({
    server: session.name,
    session,
    requestId: ctx.mcpReq.id,
    meta: ctx.mcpReq._meta,
    signal: ctx.mcpReq.signal,
  });
  let running = 0;
  const reporting = async <T>(option: string, run: () => T | Promise<T>): Promise<T> => {
    running++;
    try {
      if (running > MAX_RUNNING_HANDLERS) throw new Error('too many requests at a time');
      return await run();
    } catch (error) {
      installation.emit({
        type: 'problem',
        error: problem(installation, `Handler "${option}" threw`, error),
      });
      throw error;
    } finally {
      running--;
    }
  };

  if (onSampling !== undefined) {
    client.setRequestHandler('sampling/createMessage', (request, ctx) =>
      reporting('onSampling', () => onSampling(context(ctx), request.params)),
    );
  }
  if (onElicitation !== undefined) {
    client.setRequestHandler('elicitation/create', (request, ctx) =>
      reporting('onElicitation', () => onElicitation(context(ctx), request.params)),
    );
  }
  if (onRoots !== undefined) {
    client.setRequestHandler('roots/list', (_request, ctx) =>
      reporting('onRoots', async () => {
        const answer = await onRoots(context(ctx));
        return { roots: 'roots' in answer ? [...answer.roots] : [...answer] };
      }),
    );
  }
}

function installNotificationHandlers(client: Client, installation: HandlerInstallation): void {
  const { emit, handlers, session } = installation;
  const context = { server: session.name, session };
  const contained = async (option: string, run: () => void | Promise<void>): Promise<void> => {
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
    emit({ type: 'log', ...message });
    if (handlers.onLog !== undefined) await contained('onLog', () => handlers.onLog?.(context, message));
  });
  client.fallbackNotificationHandler = async (notification) => {
    emit({ type: 'notification', method: notification.method, params: notification.params });
    await contained('onNotification', () => handlers.onNotification?.(context, notification));
  };
}

function problem({ session }: HandlerInstallation, what: string, error: unknown): PlenumError {
  return handlerFailed(`${what} on server "${session.name}"`, session.name, error);
}
