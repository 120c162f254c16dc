import type { WebSocket } from 'ws';

const MISSES_ALLOWED = 2;

/**
 * Pings the peer and calls `onSilence` once when it has sent nothing for two pings: a half-open connection shows
 * itself in no other way. Returns what ends it. Does not keep the process alive.
 */
export function keepAlive(socket: WebSocket, intervalMs: number, onSilence: () => void): () => void {
  let missed = 0;
  const heard = (): void => {
    missed = 0;
  };
  const timer = setInterval(() => {
    if (missed >= MISSES_ALLOWED) {
      stop();
      onSilence();
      return;
    }
    missed++;
    socket.ping();
  }, intervalMs);
  timer.unref();
  socket.on('pong', heard);
  socket.on('message', heard);
  const stop = (): void => {
    clearInterval(timer);
    socket.off('pong', heard);
    socket.off('message', heard);
  };
  return stop;
}
