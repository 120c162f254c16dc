import { isRecord } from '../../internal/checks.ts';

/** Keys of `_meta` that the protocol reserves, and that are about one connection; all others go on. */
const RESERVED = 'io.modelcontextprotocol/';

/** The key of the level of log messages that a request of 2026-07-28 wants. */
export const LOG_LEVEL = `${RESERVED}logLevel`;

/** `_meta` as it may be sent on: without what concerns only the hop it came by. Trace context stays. */
export function forwardedMeta(meta: unknown): Record<string, unknown> | undefined {
  if (!isRecord(meta)) return undefined;
  const entries = Object.entries(meta).filter(
    ([key]) => key !== 'progressToken' && !key.startsWith(RESERVED),
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Params with such a `_meta`. */
export function withoutHopMeta(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { _meta, ...rest } = params;
  const meta = forwardedMeta(_meta);
  return meta === undefined ? rest : { ...rest, _meta: meta };
}
