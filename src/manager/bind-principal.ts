import type { Handlers } from '../session/handlers.ts';

/** Handlers that are told for whom the session was opened. */
export function bindPrincipal(handlers: Handlers, principal: string | undefined): Handlers {
  if (principal === undefined) return handlers;
  const { onSampling, onElicitation, onRoots, onLog, onNotification } = handlers;
  return {
    ...(onSampling && { onSampling: (context, params) => onSampling({ ...context, principal }, params) }),
    ...(onElicitation && {
      onElicitation: (context, params) => onElicitation({ ...context, principal }, params),
    }),
    ...(onRoots && { onRoots: (context) => onRoots({ ...context, principal }) }),
    ...(onLog && { onLog: (context, message) => onLog({ ...context, principal }, message) }),
    ...(onNotification && {
      onNotification: (context, notification) => onNotification({ ...context, principal }, notification),
    }),
  };
}
