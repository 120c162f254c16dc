import { McpServer, type ElicitRequestFormParams } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { createGateway } from '../../../src/gateway/index.ts';
import { createDeferred } from '../../../src/internal/deferred.ts';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import { http } from '../../support/servers.ts';
import { listening, post } from '../support.ts';

const auth = { verify: (request: Request) => ({ principal: request.headers.get('x-user') ?? 'nobody' }) };
const form = {
  mode: 'form',
  message: '?',
  requestedSchema: { type: 'object', properties: { a: { type: 'string' } } },
};
const asking: ScriptedTool[] = [
  { name: 'ask', does: { type: 'elicit', params: form } },
  { name: 'twice', does: { type: 'elicit', params: form, rounds: 2 } },
  { name: 'echo' },
];

/** Sends one request of a client of 2026-07-28, and resolves with its answer. */
async function send(url: string, name: string, more: object = {}, user = 'ada') {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
  };
  const response = await post(
    url,
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {}, ...more, _meta } },
    {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
      'x-user': user,
    },
  );
  const text = await response.text();
  return JSON.parse([...text.matchAll(/^data: (\{.*)$/gm)].at(-1)?.[1] ?? text);
}
type Answer = Awaited<ReturnType<typeof send>>;
const answersTo = ({ result }: Answer, a: string) => ({
  requestState: result.requestState,
  inputResponses: Object.fromEntries(
    Object.keys(result.inputRequests).map((key) => [key, { action: 'accept', content: { a } }]),
  ),
});
const invalid = { error: { code: -32602, data: { reason: 'invalid_request_state' } } };

describe('calls that wait for their clients', () => {
  it('of more than there may be, those that are too many fail and are cancelled on their server; the others go on', async () => {
    const server = await http({ era: 'legacy', tools: asking });
    const { url } = await listening({
      servers: { s: { url: server.url } },
      limits: { parkedCalls: 2 },
      auth,
    });
    const kept = [await send(url, 's__ask', {}, 'ada'), await send(url, 's__ask', {}, 'bob')];
    expect(server.inspect().running).toBe(2);
    for (const user of ['ada', 'eve', 'mal'])
      expect(await send(url, 's__ask', {}, user)).toMatchObject({ error: { code: -32603 } });
    await expect.poll(() => server.inspect().running).toBe(2);
    for (const [at, user] of ['ada', 'bob'].entries()) {
      const done = await send(url, 's__ask', answersTo(kept[at], user), user);
      expect(JSON.stringify(done.result)).toContain(user);
    }
    // There is room again.
    expect(await send(url, 's__ask', {}, 'eve')).toMatchObject({ result: { resultType: 'input_required' } });
  });

  it('end with their time: the server is told, and the state is refused', async () => {
    const server = await http({ era: 'legacy', tools: asking });
    const { url } = await listening({ servers: { s: { url: server.url } }, limits: { parkedMs: 300 } });
    const asked = await Promise.all([send(url, 's__ask'), send(url, 's__twice')]);
    await expect.poll(() => server.inspect().running).toBe(0);
    expect(await send(url, 's__ask', answersTo(asked[0], 'x'))).toMatchObject(invalid);
    expect(await send(url, 's__twice', answersTo(asked[1], 'x'))).toMatchObject(invalid);
    expect(JSON.stringify(await send(url, 's__echo'))).toContain('content');
  });

  it('whose server goes on without an answer give their result, once, to the client’s next request', async () => {
    const goOn = createDeferred<void>();
    const done = createDeferred<void>();
    const hasty = (): McpServer => {
      const server = new McpServer({ name: 'hasty', version: '1' });
      server.registerTool('ask', {}, async () => {
        const unanswered = server.server.elicitInput(form as ElicitRequestFormParams);
        unanswered.catch(() => {}); // Nobody waits for it.
        await goOn.promise;
        done.resolve();
        return { content: [{ type: 'text', text: 'went on' }] };
      });
      return server;
    };
    const { url } = await listening({ servers: { s: { server: hasty, protocol: 'legacy' } } });
    const asked = await send(url, 's__ask');
    expect(asked).toMatchObject({ result: { resultType: 'input_required' } });
    goOn.resolve();
    await done.promise;
    await new Promise((resolve) => setTimeout(resolve, 50)); // The result is on its way to the gateway.
    const result = await send(url, 's__ask', answersTo(asked, 'x'));
    expect(JSON.stringify(result)).toContain('went on');
    expect(await send(url, 's__ask', answersTo(asked, 'x'))).toMatchObject(invalid);
  });

  for (const upstream of ['legacy', 'modern'] as const)
    it(`F10 are none of another gateway’s, another user’s or another tool’s, and those of a ${upstream} server go on unharmed`, async () => {
      const server = await http({ era: upstream, tools: asking });
      const options = { servers: { s: { url: server.url } }, auth };
      const { url } = await listening(options);
      const { url: other } = await listening(options);
      const asked = await send(url, 's__twice');
      const answers = answersTo(asked, 'mine');
      expect(await send(other, 's__twice', answers)).toMatchObject(invalid);
      expect(await send(url, 's__twice', answers, 'eve')).toMatchObject(invalid);
      expect(await send(url, 's__ask', answers)).toMatchObject(invalid);
      const again = await send(url, 's__twice', answers);
      expect(again.result.resultType).toBe('input_required');
      // Of a call that is parked, each answer is good once.
      if (upstream === 'legacy') {
        const both = await Promise.all([
          send(url, 's__twice', answersTo(again, 'last')),
          send(url, 's__twice', answersTo(again, 'last')),
        ]);
        const refused = both.filter(({ error }) => error?.code === -32602);
        expect(refused).toHaveLength(1);
        expect(JSON.stringify(both)).toContain('last');
        expect(await send(url, 's__twice', answers)).toMatchObject(invalid);
      } else expect(JSON.stringify(await send(url, 's__twice', answersTo(again, 'last')))).toContain('last');
    });

  it('F7 are cancelled when their client cancels the request that goes on with them', async () => {
    const server = await http({
      era: 'legacy',
      tools: [{ name: 'ask', does: [{ type: 'elicit', params: form }] }, ...asking.slice(1)],
      answerDelayMs: 300,
    });
    const { url } = await listening({ servers: { s: { url: server.url } } });
    const asked = await send(url, 's__ask');
    const abort = new AbortController();
    const going = fetch(url, {
      method: 'POST',
      signal: abort.signal,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 's__ask',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 2,
        method: 'tools/call',
        params: {
          name: 's__ask',
          arguments: {},
          ...answersTo(asked, 'x'),
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
          },
        },
      }),
    }).then(
      (response) => response.text(),
      () => 'aborted',
    );
    await expect.poll(() => server.inspect().replies.length).toBe(1);
    abort.abort();
    await going;
    await expect.poll(() => server.inspect().cancelled.length).toBe(1);
    expect(JSON.stringify(await send(url, 's__echo'))).toContain('content');
  });

  it('end with the gateway', async () => {
    const server = await http({ era: 'legacy', tools: asking });
    const gateway = await createGateway({ servers: { s: { url: server.url } } });
    const { url } = await gateway.listen({ port: 0 });
    await Promise.all([send(url, 's__ask'), send(url, 's__ask'), send(url, 's__ask')]);
    expect(server.inspect().running).toBe(3);
    await gateway.close();
    await expect.poll(() => server.inspect().running).toBe(0);
  });
});
