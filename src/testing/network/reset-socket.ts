import type { Socket } from 'node:net';

/**
 * Ends a socket with a reset. One that is not connected yet, is ending already or has bytes to send is closed at
 * once instead: a reset would wait for those bytes to go, however long the peer leaves them.
 */
export function resetSocket(socket: Socket): void {
  if (socket.connecting || socket.writableEnded || socket.writableLength > 0) socket.destroy();
  else socket.resetAndDestroy();
}

/**
 * Calls `gone` once when a socket has ended. Its error counts as much as its close: a socket whose peer fails
 * while it is being reset has no close.
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
