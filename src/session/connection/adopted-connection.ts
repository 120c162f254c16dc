import type { Client, JSONRPCMessage, MessageExtraInfo } from '@modelcontextprotocol/client';
import { clientNotConnected } from '../../errors/connect.ts';
import type { MessageObserver } from '../handlers/message-observer.ts';
import type { RequestGuard } from '../lock/definition-lock.ts';
import type { Connection } from './connection.ts';
import type { ListKind, SessionEvent } from '../session.ts';

const LIST_NOTIFICATIONS: ReadonlyMap<string, ListKind> = new Map([
  ['notifications/tools/list_changed', 'tools'],
  ['notifications/resources/list_changed', 'resources'],
  ['notifications/prompts/list_changed', 'prompts'],
]);

/**
 * A connection that uses a client of the caller's. The client's handlers stay as they are: Plenum only observes its
 * messages. Closing the connection ends that, and leaves the client open.
 */
export function adoptClient(
  client: Client,
  emit: (event: SessionEvent) => void,
  onEnd: (connection: Connection) => void,
  onMessage?: MessageObserver,
): Connection {
  const { transport } = client;
  if (transport === undefined) throw clientNotConnected();
  const gone = new AbortController();
  let lastHeardAt = 0;

  // Transport and client take one callback for each event, and their owner may have set it. So call the owner's callback
  // from ours, and at the end put it back only where ours is still set.
  const { onmessage } = transport;
  const observe = (message: JSONRPCMessage, extra?: MessageExtraInfo): void => {
    lastHeardAt = performance.now();
    if ('method' in message) onMessage?.(message);
    onmessage?.(message, extra);
    if ('method' in message && !('id' in message)) announce(message.method, message.params, emit);
  };
  transport.onmessage = observe;
  const { onclose } = client;
  const ended = (): void => {
    onclose?.();
    if (gone.signal.aborted) return;
    gone.abort();
    onEnd(connection);
  };
  client.onclose = ended;

  const detach = async (): Promise<void> => {
    gone.abort();
    if (transport.onmessage === observe) Object.assign(transport, { onmessage });
    if (client.onclose === ended) Object.assign(client, { onclose });
  };
  let guard: RequestGuard | undefined;
  const connection: Connection = {
    client,
    get guard() {
      return guard;
    },
    guardBy(given) {
      guard = given;
    },
    foreign: 'client',
    era: client.getProtocolEra() ?? 'legacy',
    protocolVersion: client.getNegotiatedProtocolVersion() ?? '',
    connectMs: 0,
    pid: undefined,
    end: undefined,
    gone: gone.signal,
    perRequestStream: transport.hasPerRequestStream === true,
    get ended() {
      return gone.signal.aborted;
    },
    get lastHeardAt() {
      return lastHeardAt;
    },
    close: detach,
    destroy: detach,
    retire: detach,
  };
  return connection;
}

function announce(method: string, params: unknown, emit: (event: SessionEvent) => void): void {
  const kind = LIST_NOTIFICATIONS.get(method);
  if (kind !== undefined) emit({ type: 'list-changed', kind });
  if (method !== 'notifications/resources/updated') return;
  const uri = typeof params === 'object' && params !== null ? Reflect.get(params, 'uri') : undefined;
  if (typeof uri === 'string') emit({ type: 'resource-updated', uri });
}
