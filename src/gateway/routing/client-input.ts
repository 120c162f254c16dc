import { isRecord } from '../../internal/checks.ts';
import type { RawRequest } from '../../session/session.ts';
import type { GatewayClient } from '../clients/gateway-client.ts';
import type { Params, Result } from './client-request.ts';
import { answerWithoutHopMeta, withoutHopMeta } from './hop-meta.ts';
import { RpcError } from './rpc-error.ts';

/** Answers as they may be sent on. */
export function eachWithoutHopMeta(answers: Params): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(answers).map(([key, answer]) => [
      key,
      isRecord(answer) ? answerWithoutHopMeta(answer) : answer,
    ]),
  );
}

/** Questions as they may be sent on, with whatever else a server has put there. */
export function questionsIn(inputRequests: Params): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputRequests).map(([key, each]) => {
      const params = isRecord(each) ? each['params'] : undefined;
      return [key, isRecord(each) && isRecord(params) ? { ...each, params: withoutHopMeta(params) } : each];
    }),
  );
}

/** What a server wants to know, of a result `input_required`. */
export function requestsIn({ inputRequests }: Result): Readonly<Record<string, RawRequest>> {
  const entries = isRecord(inputRequests) ? Object.entries(inputRequests) : [];
  const requests = entries.flatMap(([key, each]): [string, RawRequest][] => {
    if (!isRecord(each) || typeof each['method'] !== 'string') return [];
    const { method, params } = each;
    return [[key, { method, ...(isRecord(params) && { params: withoutHopMeta(params) }) }]];
  });
  return Object.fromEntries(requests);
}

const NEEDED = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
} as const;

function capabilityFor(method: string): 'sampling' | 'elicitation' | 'roots' | undefined {
  return Object.entries(NEEDED).find(([name]) => name === method)?.[1];
}

/** Whether a client has declared that it can be asked this. */
export function declares(
  capabilities: GatewayClient['capabilities'],
  { method, params }: RawRequest,
): boolean {
  const capability = capabilityFor(method);
  if (capability === undefined || capabilities[capability] === undefined) return false;
  if (capability !== 'elicitation') return true;
  const { form, url } = capabilities.elicitation ?? {};
  // A client that names no mode means forms.
  return params?.['mode'] === 'url' ? url !== undefined : form !== undefined || url === undefined;
}

const MISSING_CLIENT_CAPABILITY = -32021;

export function cannotAsk(method: string): RpcError {
  const capability = capabilityFor(method);
  const data = capability && { requiredCapabilities: { [capability]: {} } };
  return new RpcError(
    MISSING_CLIENT_CAPABILITY,
    `The client did not declare that it can be asked ${method}`,
    data,
  );
}
