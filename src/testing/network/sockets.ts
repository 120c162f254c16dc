import type { Socket, Server } from 'node:net';
import { once } from 'node:events';
import { portNotOpened } from '../../errors/testing.ts';
import { sleep } from '../../internal/limit.ts';

/**
 * Ends a socket with a reset. A socket that is not connected yet, is ending or has bytes to send is destroyed
 * instead: a reset would wait until the peer has taken those bytes.
 */
export function resetSocket(socket: Socket): void {
  if (socket.connecting || socket.writableEnded || socket.writableLength > 0) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Calls `gone` once when a socket has ended, by `close` or `error`: a socket whose peer fails during a reset emits no
 * `close`.
 */
export function onceGone(socket: Socket, gone: () => void): void {
  let isGone = false;
  const once = (): void => {
    if (isGone) return;
    isGone = true;
    gone();
  };
  socket.on('error', once);
  socket.on('close', once);
}

const TRIES = 20;
const TRY_AGAIN_MS = 50;

/**
 * Listens on a loopback port, 0 for a free one. A port may stay taken for a moment after its server closed, so this
 * retries for a second. Rejects with `CONNECT_FAILED`.
 */
export async function listenOn(server: Server, port: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || port === 0 || tries === TRIES) throw portNotOpened(port, error);
      await sleep(TRY_AGAIN_MS);
    }
  }
}
