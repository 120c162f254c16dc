import type { OnHttpOddity } from '../../managed-transport.ts';

const JSON_TYPE = 'application/json';
const EVENT_STREAM = 'text/event-stream';
/** What JSON and an event stream begin with, after a byte order mark and blanks. */
const JSON_START = /^\uFEFF?\s*[[{]/;
const EVENT_START = /^\uFEFF?\s*(?::|(?:data|event|id|retry)\s*(?::|[\r\n]))/;
/** Whether too little has come to tell: blanks, or a part of the name of a field. */
const TOO_SHORT = /^\uFEFF?\s*(?:[a-z]{0,5}\s*)?$/;
/** How many characters may say nothing about the body. */
const LONGEST_START = 1_024;

/**
 * The media type that a header names, in lower case. Some servers and proxies name it twice, or several, of which
 * the one that an answer may have counts; it is empty when there is none or both.
 */
export function mediaTypeOf(header: string | readonly string[] | null | undefined): string {
  const values = typeof header === 'string' ? [header] : (header ?? []);
  const types = values
    .flatMap((value) => value.split(','))
    .map((value) => /^[\s"']*([^\s;,"']+\/[^\s;,"']+)/.exec(value)?.[1]?.toLowerCase())
    .filter((type) => type !== undefined);
  const known = [JSON_TYPE, EVENT_STREAM].filter((type) => types.includes(type));
  if (known.length > 0) return known.length === 1 ? (known[0] ?? '') : '';
  return types[0] ?? '';
}

/** Whether a header is no single media type, with or without parameters. */
export function isOddType(header: string | readonly string[] | null | undefined): boolean {
  return typeof header !== 'string' || !/^\s*[^\s;,"'/]+\/[^\s;,"'/]+\s*(?:;|$)/.test(header);
}

/** Whether an answer is an event stream; one with an error status is not, whatever its type. */
export function isOpenStream(response: Response): boolean {
  if (!response.ok || response.body === null) return false;
  return mediaTypeOf(response.headers.get('content-type')) === EVENT_STREAM;
}

/** The response with a content type that the official transports can read, when it has one that they cannot. */
export function withPlainType(response: Response, onOddity: OnHttpOddity | undefined): Response {
  const given = response.headers.get('content-type');
  if (given === null || given === JSON_TYPE || given === EVENT_STREAM) return response;
  const type = mediaTypeOf(given);
  if (response.ok && type !== '' && isOddType(given)) onOddity?.('content-type', given);
  return type === JSON_TYPE || type === EVENT_STREAM ? withType(response, response.body, type) : response;
}

/**
 * The answer to a request with the type that its body has: some servers give none, or a wrong one. Settles once the body
 * has begun; of an event stream the type is believed, as it may begin late.
 */
export async function withTypeOfBody(
  response: Response,
  onOddity: OnHttpOddity | undefined,
): Promise<Response> {
  const given = response.headers.get('content-type');
  const type = mediaTypeOf(given);
  if (!response.ok || response.body === null || type === EVENT_STREAM) return response;
  const { start, body } = await peek(response.body);
  const found = JSON_START.test(start) ? JSON_TYPE : EVENT_START.test(start) ? EVENT_STREAM : type;
  if (found !== type) onOddity?.('content-type', given ?? 'none');
  return withType(response, body, found);
}

function withType(response: Response, body: Response['body'], type: string): Response {
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  if (type !== '') headers.set('content-type', type);
  return new Response(body, { status, statusText, headers });
}

/** Reads the beginning of a body; returns it, and a body that has it still. */
async function peek(
  source: ReadableStream<Uint8Array>,
): Promise<{ start: string; body: ReadableStream<Uint8Array> }> {
  const reader = source.getReader();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const chunks: Uint8Array[] = [];
  let start = '';
  let isWhole = false;
  while (!isWhole && start.length < LONGEST_START && TOO_SHORT.test(start)) {
    const read = await reader.read();
    isWhole = read.done;
    if (read.value === undefined) continue;
    chunks.push(read.value);
    start += decoder.decode(read.value.subarray(0, LONGEST_START), { stream: true });
  }
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = chunks.shift();
      if (next !== undefined) return controller.enqueue(next);
      const { value } = isWhole ? {} : await reader.read();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return { start, body };
}
