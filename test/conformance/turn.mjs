import { once } from 'node:events';
import { connect } from 'node:net';

/**
 * The suite starts a program for every scenario at once, which no machine does well. Each waits here until it is let in,
 * and is out when its process ends. Without a port to wait at it is in at once.
 */
export async function waitForTurn(port) {
  if (port === undefined) return;
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'data');
  socket.unref();
}
