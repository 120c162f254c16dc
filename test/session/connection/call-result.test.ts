import {
  Client,
  isJSONRPCResultResponse,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { callResultOf } from '../../../src/session/connection/call-result.ts';
import { loadOfficial } from '../../../src/transport/official.ts';

beforeAll(loadOfficial);

const serverInfo = { name: 'tested', version: '1' };
const HANDSHAKES: Record<string, object> = {
  initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo },
  'server/discover': {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    serverInfo,
    ttlMs: 0,
    cacheScope: 'private',
  },
};

/** An official client whose server answers `tools/call` with what it is told to. */
async function connect(era: 'legacy' | 'modern') {
  let answer: unknown;
  const transport: Transport = {
    start: async () => {},
    close: async () => transport.onclose?.(),
    send: async (message) => {
      if (!('method' in message) || !('id' in message)) return;
      const result = HANDSHAKES[message.method] ?? answer;
      transport.onmessage?.({ jsonrpc: '2.0', id: message.id, result } as JSONRPCMessage);
    },
  };
  const mode = era === 'legacy' ? 'legacy' : { pin: '2026-07-28' };
  const client = new Client(serverInfo, { versionNegotiation: { mode } });
  await client.connect(transport);
  onTestFinished(() => client.close());

  const request = { method: 'tools/call', params: { name: 'x' } } as const;
  const outcome = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      (result) => ({ result }),
      () => 'refused',
    );
  return async (result: unknown): Promise<{ official: unknown; ours: unknown }> => {
    answer = era === 'modern' && isObject(result) ? { resultType: 'complete', ...result } : result;
    return {
      official: await outcome(client.request(request)),
      ours: await outcome(client.request(request, callResultOf(era))),
    };
  };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** As it comes out of JSON. */
const parse = (json: string): unknown => JSON.parse(json);

const text = { type: 'text', text: 'hello' };
const SERVER_INFO = 'io.modelcontextprotocol/serverInfo';
const ANSWERS: [string, unknown][] = [
  ['text', { content: [text] }],
  ['several texts', { content: [text, { type: 'text', text: '' }] }],
  ['nothing', { content: [] }],
  ['no content', {}],
  ['no content, but another kind of result', { task: { taskId: '1' } }],
  ['a tool error', { content: [text], isError: true }],
  ['an error flag that is none', { content: [text], isError: 'yes' }],
  ['structured content', { content: [text], structuredContent: { a: { b: [1, null] } } }],
  ['structured content alone', { structuredContent: {} }],
  ['structured content that is null', { content: [], structuredContent: null }],
  ['structured content that is a list', { content: [], structuredContent: [1] }],
  ['structured content that is a number', { content: [], structuredContent: 1 }],
  ['a prototype in structured content', parse('{"content":[],"structuredContent":{"__proto__":{"x":1}}}')],
  ['a constructor in structured content', { content: [], structuredContent: { constructor: { name: 'x' } } }],
  ['a prototype', parse('{"content":[],"__proto__":{"isError":true}}')],
  ['a prototype in a text', parse('{"content":[{"type":"text","text":"x","__proto__":{}}]}')],
  ['members that nobody knows', { content: [text], more: { a: 1 } }],
  ['a text with members that nobody knows', { content: [{ ...text, more: 1 }] }],
  ['a text with annotations', { content: [{ ...text, annotations: { priority: 1, audience: ['user'] } }] }],
  ['a text with bad annotations', { content: [{ ...text, annotations: { priority: 7 } }] }],
  ['a text that is none', { content: [{ type: 'text', text: 1 }] }],
  ['a block without a text', { content: [{ type: 'text', txt: 'x' }] }],
  ['a block of no kind', { content: [{ type: 'noise', text: 'x' }] }],
  ['a block that is no object', { content: ['text'] }],
  ['a block that is null', { content: [null] }],
  ['content that is no list', { content: 'text' }],
  ['an image', { content: [{ type: 'image', data: 'aGk=', mimeType: 'image/png' }] }],
  ['an image that is not base64', { content: [{ type: 'image', data: '%', mimeType: 'image/png' }] }],
  ['a sound', { content: [{ type: 'audio', data: 'aGk=', mimeType: 'audio/ogg', _meta: { a: 1 } }] }],
  ['a resource', { content: [{ type: 'resource', resource: { uri: 'a:b', text: 'x', more: 1 } }] }],
  ['a link', { content: [{ type: 'resource_link', uri: 'a:b', name: 'x' }] }],
  ['notes', { content: [text], _meta: { a: 1 } }],
  ['no notes', { content: [text], _meta: {} }],
  ['a name', { content: [text], _meta: { [SERVER_INFO]: serverInfo } }],
  ['a name and more', { content: [text], _meta: { [SERVER_INFO]: serverInfo, a: 1 } }],
  ['a name with a title', { content: [text], _meta: { [SERVER_INFO]: { ...serverInfo, title: 't' } } }],
  ['a name with more', { content: [text], _meta: { [SERVER_INFO]: { ...serverInfo, more: 1 } } }],
  ['a name that is none', { content: [text], _meta: { [SERVER_INFO]: 7 } }],
];

describe.each(['legacy', 'modern'] as const)('S6 an answer to a tool call, %s', (era) => {
  it.each(ANSWERS)('is taken or refused as by the official client: %s', async (_, answer) => {
    const { official, ours } = await (await connect(era))(answer);
    expect(ours).toStrictEqual(official);
  });

  it('is what the official client makes of it, whatever it is', async () => {
    const ask = await connect(era);
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('text', 'image', '', true, text));
    const keys = fc.constantFrom('type', 'text', 'data', 'mimeType', 'annotations', '_meta', 'more');
    const block = fc.oneof(
      fc.constant(text),
      fc.record({ type: fc.constantFrom('text', 'image', 'x'), text: fc.string() }),
      fc.dictionary(keys, value),
      value,
    );
    const meta = fc.oneof(value, fc.constant({ [SERVER_INFO]: serverInfo }), fc.dictionary(keys, value));
    const answers = fc.record(
      {
        content: fc.oneof(fc.array(block, { maxLength: 3 }), fc.array(fc.constant(text)), value),
        structuredContent: fc.oneof(fc.dictionary(fc.string(), value), value),
        isError: fc.oneof(fc.boolean(), value),
        _meta: meta,
        task: value,
        more: value,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(answers, async (made) => {
        const answer = parse(JSON.stringify(made));
        // What is no response at all goes no further than the connection.
        fc.pre(isJSONRPCResultResponse({ jsonrpc: '2.0', id: 1, result: answer }));
        const { official, ours } = await ask(answer);
        expect(ours).toStrictEqual(official);
      }),
      { numRuns: 1_000 },
    );
  });
});
