import { isRecord } from '../../internal/checks.ts';

/** Keys of `_meta` that the protocol reserves, and that are about one connection; all others go on. */
const RESERVED = 'io.modelcontextprotocol/';

/** The key of the level of log messages that a request of 2026-07-28 wants. */
export const LOG_LEVEL = `${RESERVED}logLevel`;

/** `_meta` of a request as it may be sent on: without what concerns only the hop it came by. Trace context stays. */
export function forwardedMeta(meta: unknown): Record<string, unknown> | undefined {
  return metaWhere(meta, (key) => key !== 'progressToken' && !key.startsWith(RESERVED));
}

/** Params of a request with such a `_meta`. */
export function withoutHopMeta(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { _meta, ...rest } = params;
  const meta = forwardedMeta(_meta);
  return meta === undefined ? rest : { ...rest, _meta: meta };
}

/** A result, or params of a notification, without what concerns only the hop it came by. */
export function answerWithoutHopMeta(answer: Record<string, unknown>): Record<string, unknown> {
  if (answer['_meta'] === undefined) return answer;
  const { _meta, ...rest } = answer;
  const meta = metaWhere(_meta, (key) => !key.startsWith(RESERVED));
  return meta === undefined ? rest : { ...rest, _meta: meta };
}

function metaWhere(meta: unknown, mayGoOn: (key: string) => boolean): Record<string, unknown> | undefined {
  if (!isRecord(meta)) return undefined;
  const entries = Object.entries(meta).filter(([key]) => mayGoOn(key));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
