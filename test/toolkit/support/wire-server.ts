import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Json = Record<string, unknown>;

/** What an endpoint answers: a body, or what is wrong with the request. */
export type Answer = { readonly body: unknown } | { readonly refusal: unknown };

export interface WireServer {
  /** Without a path. */
  readonly url: string;
  /** The bodies that came, in order. */
  readonly bodies: readonly Json[];
}

/** An endpoint on loopback that takes JSON by POST at one path; closed when the test is over. */
export async function serveWire(path: string, answer: (body: Json) => Answer): Promise<WireServer> {
  const bodies: Json[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      bodies.push(body);
      const isHere = request.method === 'POST' && request.url === path;
      const outcome: Answer = isHere
        ? answered(answer, body)
        : { refusal: { error: { message: `No ${request.url}` } } };
      response.writeHead('body' in outcome ? 200 : 400, { 'content-type': 'application/json' });
      response.end(JSON.stringify('body' in outcome ? outcome.body : outcome.refusal));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

/** A fault of the endpoint itself is an answer too: a test that waits for none says nothing. */
function answered(answer: (body: Json) => Answer, body: Json): Answer {
  try {
    return answer(body);
  } catch (error) {
    return { refusal: { error: { message: `The endpoint failed: ${String(error)}` } } };
  }
}

async function readBody(request: IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Json;
}
