import { once } from 'node:events';
import type { Server } from 'node:net';
import { PlenumError } from '../../errors/plenum-error.ts';
import { sleep } from '../../internal/limit.ts';

const TRIES = 20;
const TRY_AGAIN_MS = 50;

/**
 * Listens on a loopback port, 0 for a free one. A port that was listened on a moment ago may be taken for another
 * moment: tries for a second. Rejects with `CONNECT_FAILED`.
 */
export async function listenOn(server: Server, port: number): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!isTaken || port === 0 || tries === TRIES) {
        throw PlenumError.from(error, 'CONNECT_FAILED', `Listening on port ${port} of loopback failed`);
      }
      await sleep(TRY_AGAIN_MS);
    }
  }
}
