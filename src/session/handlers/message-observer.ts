import { handlerFailed } from '../../errors/call.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { Handlers, NotificationContext, ServerMessage } from './handlers.ts';

export type MessageObserver = (message: ServerMessage) => void;

/**
 * Calls `onMessage` without waiting for it. What it throws or rejects with goes to `report`. Undefined when there is no
 * `onMessage`.
 */
export function createMessageObserver(
  { onMessage }: Handlers,
  context: NotificationContext,
  report: (error: PlenumError) => void,
): MessageObserver | undefined {
  if (onMessage === undefined) return undefined;
  const { server } = context;
  const failed = (error: unknown): void =>
    report(handlerFailed(`Handler "onMessage" threw on server "${server}"`, server, error));
  const call = async (message: ServerMessage): Promise<void> => {
    try {
      await onMessage(context, message);
    } catch (error) {
      failed(error);
    }
  };
  return (message) => void call(message);
}
