import { describe, expect, it } from 'vitest';
import { serve } from '../../support/loopback.ts';
import { ERAS, http, tools } from '../../support/servers.ts';
import { listening, official } from '../support.ts';

const DEEP = '['.repeat(20_000) + ']'.repeat(20_000);
const NESTED = '['.repeat(1_000) + ']'.repeat(1_000);

/** What the server sends for each tool, as JSON: no program could make it of values. */
const ANSWERS: Record<string, string> = {
  structured: `"result":{"content":[],"structuredContent":{"a":${DEEP}}}`,
  block: `"result":{"content":[{"type":"odd","a":${DEEP}}]}`,
  meta: `"result":{"content":[],"_meta":{"a":${DEEP}}}`,
  error: `"error":{"code":-32050,"message":"no luck","data":${DEEP}}`,
  nested: `"result":{"content":[{"type":"text","text":"x"}],"structuredContent":{"a":${NESTED}}}`,
};

async function serveDeep(): Promise<string> {
  const listed = Object.keys(ANSWERS).map((name) => ({ name, inputSchema: { type: 'object' } }));
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'a', version: '1' },
    },
    'tools/list': { tools: listed },
  };
  const server = await serve((request, response, body) => {
    if (request.method !== 'POST') return void response.writeHead(405).end();
    const { id, method, params } = JSON.parse(body);
    if (id === undefined) return void response.writeHead(202).end();
    const result = results[method];
    const answer =
      result === undefined
        ? (ANSWERS[params?.name] ?? '"error":{"code":-32601,"message":"Method not found"}')
        : `"result":${JSON.stringify(result)}`;
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${answer}}`);
  });
  return server.url;
}

describe.each(ERAS)(
  'R16 an answer of a server that is nested 20,000 levels deep reaches a %s client',
  (era) => {
    it('as an error that says so, and the next calls work', async () => {
      const beside = await http({ tools: tools('echo') });
      const { url } = await listening({
        servers: { deep: { url: await serveDeep(), type: 'http' }, beside: { url: beside.url } },
      });
      const client = await official(url, era);
      for (const name of ['structured', 'block', 'meta'])
        await expect(client.callTool({ name: `deep__${name}` }), name).rejects.toMatchObject({
          code: -32603,
          message: expect.stringContaining('nested more than 2000 levels deep'),
        });
      await expect(client.callTool({ name: 'deep__error' })).rejects.toMatchObject({
        code: -32050,
        message: expect.stringContaining('no luck'),
        data: undefined,
      });
      const nested = await client.callTool({ name: 'deep__nested' });
      expect(JSON.stringify(nested.structuredContent)).toBe(`{"a":${NESTED}}`);
      expect(await client.callTool({ name: 'beside__echo', arguments: { a: 1 } })).toHaveProperty('content');
    });
  },
);
