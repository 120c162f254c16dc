/** Methods that are part of no call of ours: the handshake, and the subscription that a session keeps open. */
const HOUSEKEEPING = new Set([
  'initialize',
  'server/discover',
  'subscriptions/listen',
  'notifications/initialized',
]);

/** The methods that a server was asked for by calls, in order. */
export function calledMethods(requests: readonly { method: string }[]): string[] {
  return requests.map(({ method }) => method).filter((method) => !HOUSEKEEPING.has(method));
}
