import { INVALID_PARAMS, RpcError } from './rpc-error.ts';

/** One page of a list. The cursor is the position of the next entry; clients are not to look into it. */
export function pageOf<T>(
  entries: readonly T[],
  cursor: unknown,
  pageSize: number,
): { readonly page: readonly T[]; readonly nextCursor: string | undefined } {
  const start = cursor === undefined ? 0 : positionOf(cursor);
  const end = start + pageSize;
  return {
    page: start === 0 && end >= entries.length ? entries : entries.slice(start, end),
    nextCursor: end < entries.length ? Buffer.from(`page:${end}`).toString('base64url') : undefined,
  };
}

function positionOf(cursor: unknown): number {
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString('latin1') : '';
  const [, digits] = /^page:(\d{1,15})$/.exec(text) ?? [];
  if (digits === undefined) throw new RpcError(INVALID_PARAMS, 'The cursor is not one of this list.');
  return Number(digits);
}
