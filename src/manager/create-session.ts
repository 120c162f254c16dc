import type { ServerSpec } from '../server-spec.ts';
import { SupervisedSession, type ConnectGate } from '../session/supervised-session.ts';
import { bindPrincipal } from './bind-principal.ts';
import type { CheckedTarget } from './pool/check-target.ts';

/** Makes sessions, not started, that come up so many at a time. */
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
