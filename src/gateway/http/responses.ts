import { isRecord } from '../../internal/checks.ts';
import { RETRY_AFTER_MS, RpcError } from '../routing/rpc-error.ts';

/** An HTTP answer that no JSON-RPC request belongs to, with a JSON-RPC error as its body. */
export function refusal(
  status: number,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): Response {
  const body = JSON.stringify({ jsonrpc: '2.0', id: null, error: { code, message } });
  return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** For a client that is refused because there is as much of something as there may be. */
export const RETRY_AFTER = { 'retry-after': String(RETRY_AFTER_MS / 1_000) };

/** The answer to a request that failed before an answer to it began. */
export function answerError(body: unknown, rpcError: RpcError): Response {
  const id = isRecord(body) ? body['id'] : undefined;
  const { code, message, data } = rpcError;
  const error = { code, message, ...(data !== undefined && { data }) };
  const answer = { jsonrpc: '2.0', id: typeof id === 'string' || typeof id === 'number' ? id : null, error };
  return Response.json(answer, busyAnswer(rpcError));
}

/** The status and headers for a request that failed because no session with its server was free, or its sender calls too much. */
function busyAnswer({ data }: RpcError): { status: number; headers: Record<string, string> } | undefined {
  if (!isRecord(data)) return undefined;
  const { code, retryAfterMs } = data;
  if (code === 'POOL_EXHAUSTED' || code === 'NODE_UNREACHABLE') return { status: 503, headers: RETRY_AFTER };
  if (code !== 'RATE_LIMITED') return undefined;
  const seconds = typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.ceil(retryAfterMs / 1_000) : 1;
  return { status: 429, headers: { 'retry-after': String(seconds) } };
}

/**
 * Requests of HTTP that failed because no session with a server was free, or their sender calls too much. They are answered
 * with 503 or 429, as long as the answer has not begun.
 */
export class BusyAnswers {
  readonly #errors = new WeakMap<Request, RpcError>();

  note(request: Request, error: unknown): void {
    if (error instanceof RpcError && busyAnswer(error) !== undefined) this.#errors.set(request, error);
  }

  /** The answer in place of `response`, which the official server has made. */
  inPlaceOf(response: Response, request: Request, body: unknown): Response {
    const error = this.#errors.get(request);
    if (error === undefined) return response;
    response.body?.cancel().catch(() => {}); // It has ended.
    return answerError(body, error);
  }
}

/** Whether a response has all that it will ever have: only event streams grow. */
export function isWhole({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/json') === true;
}

/** How much of a response waits for a client that does not read it, before its stream is cut, in bytes. */
const MAX_UNREAD_BYTES = 4_194_304;

/**
 * The response, with `onEnd` called once when nothing more comes, or its reader has gone. What it holds is bounded: when the
 * reader has much left to read and more comes, the stream is cut. One large message may pass the bound.
 */
export function watchEnd(response: Response, onEnd: () => void): Response {
  return watchStream(response, onEnd).response;
}

/** As `watchEnd`, with a function that ends the response after one more chunk. */
export function watchStream(
  response: Response,
  onEnd: () => void,
): { response: Response; end: (last: string) => void } {
  const { body } = response;
  if (body === null || isWhole(response)) {
    onEnd();
    return { response, end: () => {} };
  }
  const reader = body.getReader();
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  const pump = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (ended) return;
        if (done) break;
        if ((controller.desiredSize ?? 0) <= 0) throw new Error('The client does not read.');
        controller.enqueue(value);
      }
      end();
      controller.close();
    } catch (error) {
      if (ended) return;
      end();
      controller.error(error);
      await reader.cancel(error).catch(() => {}); // It has ended.
    }
  };
  let endNow = (_last: string): void => {};
  const watched = new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        endNow = (last) => {
          if (ended) return;
          end();
          controller.enqueue(new TextEncoder().encode(last));
          controller.close();
          reader.cancel().catch(() => {}); // It has ended.
        };
        void pump(controller);
      },
      cancel: async (reason) => {
        end();
        await reader.cancel(reason);
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_UNREAD_BYTES }),
  );
  const { status, statusText, headers } = response;
  return {
    response: new Response(watched, { status, statusText, headers }),
    end: (last) => endNow(last),
  };
}
