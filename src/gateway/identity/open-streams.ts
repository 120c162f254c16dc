import { startTimer, type StopTimer } from '../../internal/timers.ts';
import type { Identity } from './identity.ts';

interface OpenStream {
  readonly identity: Identity;
  readonly end: () => void;
}

/**
 * The streams over which clients hear of changes. They would go on for ever, so that they end when what their client has
 * shown expires or is withdrawn; a client that has a new token opens another.
 */
export class OpenStreams {
  readonly #open = new Set<OpenStream>();

  /** The response, whose stream ends with `last` when `identity` expires or `endWhere` says so. */
  hold(response: Response, identity: Identity, last: string): Response {
    if (response.body === null || !response.ok) return response;
    const reader = response.body.getReader();
    let stopTimer: StopTimer = () => {};
    const forget = (): void => {
      stopTimer();
      this.#open.delete(stream);
    };
    let end = (): void => {};
    const stream: OpenStream = { identity, end: () => end() };
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        end = () => {
          forget();
          controller.enqueue(new TextEncoder().encode(last));
          controller.close();
          reader.cancel().catch(() => {}); // It has ended.
        };
      },
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (!this.#open.has(stream)) return;
          if (!done) return controller.enqueue(value);
          forget();
          controller.close();
        } catch (error) {
          if (!this.#open.has(stream)) return;
          forget();
          controller.error(error);
        }
      },
      cancel: async (reason) => {
        forget();
        await reader.cancel(reason);
      },
    });
    this.#open.add(stream);
    const { expiresAt = Infinity } = identity;
    stopTimer = startTimer(Math.max(expiresAt - Date.now(), 0), stream.end);
    const { status, statusText, headers } = response;
    return new Response(body, { status, statusText, headers });
  }

  /** Ends the streams of identities that are no longer good. */
  endWhere(isGone: (identity: Identity) => boolean): void {
    for (const { identity, end } of this.#open) if (isGone(identity)) end();
  }
}
