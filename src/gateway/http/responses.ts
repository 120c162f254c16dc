import { isRecord } from '../../internal/checks.ts';
import type { RpcError } from '../routing/rpc-error.ts';

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

/** The answer to a request that failed before the official handler saw it. */
export function answerError(body: unknown, { code, message, data }: RpcError): Response {
  const id = isRecord(body) ? body['id'] : undefined;
  const error = { code, message, ...(data !== undefined && { data }) };
  return Response.json({
    jsonrpc: '2.0',
    id: typeof id === 'string' || typeof id === 'number' ? id : null,
    error,
  });
}

/** The response, with `onEnd` called once when its body has been sent, or its reader has gone. */
export function watchEnd(response: Response, onEnd: () => void): Response {
  const { body } = response;
  if (body === null) {
    onEnd();
    return response;
  }
  const reader = body.getReader();
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    onEnd();
  };
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
  return new Response(watched, {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}
