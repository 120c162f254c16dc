import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { readAnthropic, sayAnthropic } from './anthropic-wire.ts';
import { readOpenAi, sayOpenAi } from './openai-wire.ts';
import { readResponses, sayResponses } from './responses-wire.ts';
import type { Heard, Step } from './wire.ts';

/** Model APIs on loopback, that all say the same: one step of a script after the other. */
export interface ModelApi {
  /** The base URL of the OpenAI wire, with `/chat/completions` and `/responses` under it. */
  readonly openai: string;
  /** The base URL of the Anthropic wire, with `/v1/messages` under it. */
  readonly anthropic: string;
  /** What the model has been told, request by request. */
  readonly heard: readonly Heard[];
  /** The bodies themselves. */
  readonly bodies: readonly Record<string, unknown>[];
}

/** Answers each request with the next step; one too many is an error that SDKs do not retry. */
export async function serveModel(...steps: Step[]): Promise<ModelApi> {
  const heard: Heard[] = [];
  const bodies: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const step = steps[bodies.length];
      bodies.push(body);
      const wire = WIRES.find(({ path }) => request.url?.endsWith(path)) ?? CHAT;
      heard.push(wire.read(body));
      response.statusCode = step === undefined ? 400 : 200;
      response.setHeader('content-type', 'application/json');
      const answer =
        step === undefined ? { error: { message: 'The script is over.' } } : wire.say(step, bodies.length);
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const base = `http://127.0.0.1:${port}`;
  return { openai: `${base}/v1`, anthropic: base, heard, bodies };
}

const CHAT = { path: '/chat/completions', read: readOpenAi, say: sayOpenAi };
const WIRES = [
  CHAT,
  { path: '/responses', read: readResponses, say: sayResponses },
  { path: '/messages', read: readAnthropic, say: sayAnthropic },
];

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
}
