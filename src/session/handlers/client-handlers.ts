import type { Client, ClientContext, LoggingLevel } from '@modelcontextprotocol/client';
import { handlerFailed } from '../../errors/call.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import type { HandlerContext, Handlers } from './handlers.ts';
import type { Session, SessionEvent } from '../session.ts';

/** How many requests of one server the handlers answer at a time; a further request is answered with an error. */
const MAX_RUNNING_HANDLERS = 1_000;

export interface HandlerInstallation {
  readonly session: Session;
  readonly handlers: Handlers;
  readonly emit: (event: SessionEvent) => void;
}

/**
 * Sets the callbacks of a new client: requests go to the handlers, notifications to events and handlers, errors to
 * events.
 */
export function installHandlers(client: Client, installation: HandlerInstallation): void {
  installRequestHandlers(client, installation);
  installNotificationHandlers(client, installation);
  client.onerror = (error) => {
    // An error that the transport made rejects the caller's request, so it is reported already.
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
  const answer = async <T>(option: string, run: () => T | Promise<T>): Promise<T> => {
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
      answer('onSampling', () => onSampling(context(ctx), request.params)),
    );
  }
  if (onElicitation !== undefined) {
    client.setRequestHandler('elicitation/create', (request, ctx) =>
      answer('onElicitation', () => onElicitation(context(ctx), request.params)),
    );
  }
  if (onRoots !== undefined) {
    client.setRequestHandler('roots/list', (_request, ctx) =>
      answer('onRoots', async () => {
        const given = await onRoots(context(ctx));
        return { roots: 'roots' in given ? [...given.roots] : [...given] };
      }),
    );
  }
}

function installNotificationHandlers(client: Client, installation: HandlerInstallation): void {
  const { emit, handlers, session } = installation;
  const context = { server: session.name, session };
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
    emit({ type: 'log', ...message });
    if (handlers.onLog !== undefined) await notify('onLog', () => handlers.onLog?.(context, message));
  });
  client.fallbackNotificationHandler = async (notification) => {
    emit({ type: 'notification', method: notification.method, params: notification.params });
    await notify('onNotification', () => handlers.onNotification?.(context, notification));
  };
}

function problem({ session }: HandlerInstallation, what: string, error: unknown): PlenumError {
  return handlerFailed(`${what} on server "${session.name}"`, session.name, error);
}
