import type { Handlers } from '../session/handlers/handlers.ts';
import type { ServerSpec } from '../server-spec.ts';
import type { ConnectGate } from '../session/connection/gate.ts';
import { SupervisedSession } from '../session/supervised-session.ts';
import type { CheckedTarget } from './pool/check-target.ts';

/** Makes a session that is not started. Its connections pass the gates, so that a bounded number connect at a time. */
export type CreateSession = (
  name: string,
  checked: CheckedTarget,
  principal: string | undefined,
) => SupervisedSession;

export function sessionCreator(gates: (spec: ServerSpec) => ConnectGate): CreateSession {
  return (name, { target, options }, principal) => {
    const handlers = bindPrincipal(options.handlers, principal);
    const gate = target.type === 'spec' ? gates(target.spec) : undefined;
    return new SupervisedSession(name, target, { ...options, handlers }, gate);
  };
}

/** The same handlers, with `principal` in their context. */
function bindPrincipal(handlers: Handlers, principal: string | undefined): Handlers {
  if (principal === undefined) return handlers;
  const { onSampling, onElicitation, onRoots, onLog, onNotification, onMessage } = handlers;
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
    ...(onMessage && { onMessage: (context, message) => onMessage({ ...context, principal }, message) }),
  };
}
