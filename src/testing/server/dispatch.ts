import { messageOf } from '../../errors/plenum-error.ts';
import { type Call, failure, silence, type Outcome } from './call.ts';
import { INTERNAL_ERROR, INVALID_PARAMS } from './json-rpc.ts';
import { legacyMethods } from './legacy-era.ts';
import { unknownMethod, type Handlers } from './methods.ts';
import { modernMethods, refuseModern } from './modern-era.ts';

export function isHandshake(method: string): boolean {
  return method === 'initialize' || method === 'server/discover';
}

/** Answers one request: by a fault, else by the handler of its era. Never rejects. */
export async function answer(call: Call): Promise<Outcome> {
  try {
    return fault(call) ?? (await answerSoundly(call));
  } catch (error) {
    return failure(INTERNAL_ERROR, messageOf(error));
  }
}

function fault({ context, method }: Call): Outcome | undefined {
  const { faults } = context;
  if (
    (method === 'initialize' && faults.dieOnInitialize) ||
    (method === 'server/discover' && faults.dieOnDiscover)
  ) {
    context.die({});
    return silence;
  }
  if (faults.neverInitialize === true && isHandshake(method)) return silence;
  if (faults.ignoreDiscover === true && method === 'server/discover') return silence;
  if (faults.ignore?.includes(method) === true) return silence;
  const refusal = faults.refuse?.[method];
  return refusal && failure(refusal.code, refusal.message, refusal.data);
}

function answerSoundly(call: Call): Outcome | Promise<Outcome> {
  if (call.era === 'modern') return refuseModern(call) ?? handle(modernMethods, call);
  const isModernOnly = call.context.script.era === 'modern';
  if (isModernOnly && call.method !== 'initialize' && !call.method.startsWith('testing/')) {
    return failure(INVALID_PARAMS, 'The request does not say which protocol version it uses');
  }
  return handle(legacyMethods, call);
}

function handle(handlers: Handlers, call: Call): Outcome | Promise<Outcome> {
  const handler = Object.hasOwn(handlers, call.method) ? handlers[call.method] : undefined;
  return handler === undefined ? unknownMethod(call) : handler(call);
}
