import { settledWithin } from '../../../internal/limit.ts';
import { printable } from '../../../internal/text.ts';

/** How much of the body of an error is read, in bytes, and for how long, in milliseconds. */
const MAX_BYTES = 256 * 1024;
const MAX_MS = 2_000;
/** Shorter values of headers and queries are common words and numbers, not secrets. */
const LEAST_SECRET_LENGTH = 6;
/** A part of a path that is at least this long may be a secret. */
const LEAST_SECRET_PART = 16;

const CONTROL = /(?![\t\n\r])\p{Cc}/gu;
const HIDDEN = '[hidden]';
const CREDENTIALS = /\b(Bearer|Basic)\s+[\w.~+/=-]{4,}/gi;

/** Headers of requests whose values anybody may see. */
const PUBLIC_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'content-type',
  'last-event-id',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'user-agent',
]);

/**
 * The same answer with a body that has come completely: no more than its beginning, and without the secrets of the request,
 * which some servers repeat in their errors. A body that is slow, or breaks, is cut.
 */
export async function readErrorBody(
  response: Response,
  request: { readonly url: URL; readonly headers: Headers },
): Promise<Response> {
  if (response.body === null) return response;
  const { status, statusText, headers } = response;
  const text = hideSecrets(await beginningOf(response.body), secretsOf(request));
  // The official transport puts it into a message as it is. In JSON these characters never stand for themselves.
  const shown = text.replace(CONTROL, (character) => printable(character));
  return new Response(shown, { status, statusText, headers });
}

async function beginningOf(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const readAll = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      chunks.push(value.subarray(0, MAX_BYTES - bytes));
      bytes += value.byteLength;
      if (bytes >= MAX_BYTES) return;
    }
  };
  await settledWithin(readAll(), MAX_MS);
  reader.cancel().catch(() => {});
  return Buffer.concat(chunks).toString();
}

function secretsOf({ url, headers }: { readonly url: URL; readonly headers: Headers }): readonly string[] {
  const values = [url.username, url.password, ...url.searchParams.values()];
  for (const [name, value] of headers) {
    // What follows the scheme of an Authorization header.
    if (!PUBLIC_HEADERS.has(name)) values.push(value, value.slice(value.indexOf(' ') + 1));
  }
  const parts = url.pathname.split('/').filter(({ length }) => length >= LEAST_SECRET_PART);
  return [...parts, ...values.filter(({ length }) => length >= LEAST_SECRET_LENGTH)];
}

function hideSecrets(text: string, secrets: readonly string[]): string {
  let hidden = text;
  for (const secret of secrets) {
    // As it is, and as JSON and URLs write it.
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      hidden = hidden.replaceAll(form, HIDDEN);
  }
  return hidden.replace(CREDENTIALS, `$1 ${HIDDEN}`);
}
