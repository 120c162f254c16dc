/** Marks the parameters of a list that a session asks for. JSON has no symbols, so that no server sees it. */
const OURS = Symbol('asked for by the session');

/**
 * The parameters of a list that the session itself compares with its lock: it needs what differs, too. Out of every other
 * list over its connection what differs is taken before the official client gets it.
 */
export function asOurs<T extends object>(params: T): T {
  return { ...params, [OURS]: true };
}

export function isOurs(params: unknown): boolean {
  return typeof params === 'object' && params !== null && OURS in params;
}
