import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { AuditEntry, ClientRule, GatewayEvent, Identity } from '../../../src/gateway/index.ts';
import { inProcess } from '../../../src/testing/index.ts';
import { newFolder } from '../../support/folders.ts';
import { http, requestsOf, tools } from '../../support/servers.ts';
import { listening, official, openSession, post } from '../support.ts';

const ERAS = ['legacy', 'modern'] as const;
const auth = {
  verify: ({ headers }: Request): Identity => ({ principal: headers.get('x-user') ?? 'nobody' }),
};

async function withRules(clients: ClientRule[], more: object = {}) {
  const server = await http({
    era: 'legacy',
    tools: [
      ...tools('a', 'b', 'dear'),
      {
        name: 'ask',
        does: {
          type: 'elicit',
          params: { message: 'q', requestedSchema: { type: 'object', properties: {} } },
        },
      },
    ],
    prompts: [{ name: 'p' }],
  });
  const { gateway, url } = await listening({
    servers: { s: { url: server.url, isolation: 'principal' } },
    auth,
    clients,
    ...more,
  });
  const events: GatewayEvent[] = [];
  void (async () => {
    for await (const event of gateway.events()) if (event.type !== 'overflow') events.push(event);
  })();
  return { server, gateway, url, events };
}

const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Calls a tool by hand; resolves with status, `Retry-After` and error of the answer. */
function caller(url: string, era: 'legacy' | 'modern', user: string) {
  let session: Promise<string> | undefined;
  return async (name: string, method = 'tools/call') => {
    const who = { 'x-user': user };
    session ??= era === 'legacy' ? openSession(url, who) : Promise.resolve('');
    const headers: Record<string, string> =
      era === 'legacy'
        ? { ...who, 'mcp-session-id': await session }
        : { ...who, 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': name };
    const params = {
      name,
      ...(method === 'tools/call' && { arguments: {} }),
      ...(era === 'modern' && { _meta: MODERN }),
    };
    const response = await post(url, { jsonrpc: '2.0', id: 1, method, params }, headers);
    const text = await response.text();
    const { error } = JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as {
      error?: { message: string; data?: Record<string, unknown> };
    };
    return { status: response.status, retryAfter: response.headers.get('retry-after'), error };
  };
}

describe('rates', () => {
  for (const era of ERAS)
    it(`a ${era} client that calls too much is told when it may call again; others go on`, async () => {
      const { server, url, events } = await withRules([{ rate: { callsPerMinute: 3 } }]);
      const [ada, bob] = [caller(url, era, 'ada'), caller(url, era, 'bob')];
      expect((await ada('s__a')).error).toBeUndefined();
      expect((await ada('s__p', 'prompts/get')).error).toBeUndefined();
      // What does not exist does not count.
      expect((await ada('s__none')).error?.message).toMatch(/no such tool/);
      expect((await ada('s__b')).error).toBeUndefined();
      for (const name of ['s__a', 's__b']) {
        const { status, retryAfter, error } = await ada(name);
        expect(status).toBe(429);
        expect(error?.data).toMatchObject({ code: 'RATE_LIMITED', server: 's', maybeExecuted: false });
        const ms = Number(error?.data?.['retryAfterMs']);
        expect(ms).toBeGreaterThan(0);
        expect(ms).toBeLessThanOrEqual(60_000);
        expect(Number(retryAfter)).toBe(Math.ceil(ms / 1_000));
      }
      expect(requestsOf(server, 'tools/call')).toHaveLength(2);
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'denied', principal: 'ada', reason: 'rate-limited' }),
      );
      expect((await bob('s__a')).error).toBeUndefined();
    });

  it('count each tool by itself, and what calls cost; what is refused costs nothing', async () => {
    const { url } = await withRules([
      { match: { principal: 'ada' }, rate: { callsPerToolPerMinute: 2 } },
      { match: { principal: 'bob' }, rate: { costPerMinute: 10, costs: { 's__d*': 8, s__b: 0 } } },
    ]);
    const [ada, bob] = [caller(url, 'legacy', 'ada'), caller(url, 'legacy', 'bob')];
    const codes = async (call: typeof ada, names: string[]): Promise<unknown[]> => {
      const all = [];
      for (const name of names) all.push((await call(name)).error?.data?.['code'] ?? 'ok');
      return all;
    };
    expect(await codes(ada, ['s__a', 's__a', 's__b', 's__a', 's__b', 's__b'])).toEqual([
      'ok',
      'ok',
      'ok',
      'RATE_LIMITED',
      'ok',
      'RATE_LIMITED',
    ]);
    expect(await codes(bob, ['s__dear', 's__dear', 's__a', 's__a', 's__a', 's__b', 's__b'])).toEqual([
      'ok',
      'RATE_LIMITED',
      'ok',
      'ok',
      'RATE_LIMITED',
      'ok',
      'ok',
    ]);
  });
});

describe('a call that a person has to agree to', () => {
  const rules: ClientRule[] = [{ approve: ['s__a', 's__ask'] }];

  /** A client whose user answers what it is asked. */
  async function client(url: string, era: 'legacy' | 'modern', action: 'accept' | 'decline' | 'cancel') {
    const asked: string[] = [];
    const made: Client = await official(url, era, { capabilities: { elicitation: { form: {} } } }, (each) =>
      each.setRequestHandler('elicitation/create', ({ params }) => {
        asked.push(params.message);
        return action === 'accept' ? { action, content: {} } : { action };
      }),
    );
    return { asked, call: (name: string, args = {}) => made.callTool({ name, arguments: args }) };
  }

  for (const era of ERAS) {
    it(`is made when the user of a ${era} client agrees, who is shown tool and arguments`, async () => {
      const { server, url } = await withRules(rules);
      const { asked, call } = await client(url, era, 'accept');
      expect(JSON.stringify(await call('s__a', { path: '/tmp/x' }))).toContain('/tmp/x');
      expect(asked).toHaveLength(1);
      expect(asked[0]).toMatch(/"s__a".*"s".*\/tmp\/x/s);
      await call('s__b');
      expect(asked).toHaveLength(1);
      // What the server asks comes after that.
      await call('s__ask');
      expect(asked.slice(2)).toEqual(['q']);
      expect(requestsOf(server, 'tools/call')).toHaveLength(3);
    });

    for (const action of ['decline', 'cancel'] as const)
      it(`is not made when the user of a ${era} client does not agree: ${action}`, async () => {
        const { server, url, events } = await withRules(rules);
        const { call } = await client(url, era, action);
        await expect(call('s__a')).rejects.toThrow(/did not agree/);
        expect(requestsOf(server, 'tools/call')).toHaveLength(0);
        expect(events).toContainEqual(expect.objectContaining({ type: 'denied', reason: 'not-approved' }));
      });

    it(`is not made for a ${era} client that cannot ask, and noted as denied`, async () => {
      const file = join(newFolder(), 'audit.jsonl');
      const { server, url, gateway } = await withRules(rules, { audit: { file } });
      const made = await official(url, era);
      await expect(made.callTool({ name: 's__a', arguments: {} })).rejects.toThrow(/consent of a person/);
      expect(requestsOf(server, 'tools/call')).toHaveLength(0);
      await gateway.close();
      const [entry] = readFileSync(file, 'utf8').split('\n');
      expect(JSON.parse(entry ?? '') as AuditEntry).toMatchObject({
        decision: 'denied',
        why: 'NOT_APPROVED',
      });
    });
  }

  it('is made with the arguments that were agreed to, and with no others', async () => {
    const { server, url } = await withRules(rules);
    const capable = {
      ...MODERN,
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
    };
    const send = async (name: string, args: object, more: object = {}): Promise<Record<string, unknown>> => {
      const params = { name, arguments: args, _meta: capable, ...more };
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
      const response = await post(url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers);
      const text = await response.text();
      return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as Record<string, unknown>;
    };
    const { result } = (await send('s__a', { amount: 1 })) as { result: Record<string, unknown> };
    expect(result['resultType']).toBe('input_required');
    const agreed = {
      requestState: result['requestState'],
      inputResponses: { approval: { action: 'accept', content: {} } },
    };
    const bad: [string, object, object][] = [
      ['s__a', { amount: 1_000 }, agreed],
      ['s__ask', { amount: 1 }, agreed],
      ['s__a', { amount: 1 }, { ...agreed, requestState: `${String(result['requestState'])}x` }],
      ['s__a', { amount: 1 }, { ...agreed, inputResponses: {} }],
      ['s__a', { amount: 1 }, { ...agreed, inputResponses: { approval: { action: 'yes' } } }],
    ];
    for (const [name, args, more] of bad) expect(await send(name, args, more)).toHaveProperty('error');
    expect(requestsOf(server, 'tools/call')).toHaveLength(0);
    expect(await send('s__a', { amount: 1 }, agreed)).toHaveProperty('result.content');
  });

  it('stays bound to its arguments while a server of 2026-07-28 asks for more', async () => {
    const server = inProcess({
      era: 'modern',
      tools: [
        {
          name: 'ask',
          does: {
            type: 'elicit',
            params: { message: 'q', requestedSchema: { type: 'object', properties: {} } },
          },
        },
      ],
    });
    const { url } = await listening({ servers: { s: { server } }, clients: [{ approve: ['s__ask'] }] });
    const capable = {
      ...MODERN,
      'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
    };
    const send = async (args: object, more: object): Promise<Record<string, unknown>> => {
      const params = { name: 's__ask', arguments: args, _meta: capable, ...more };
      const headers = {
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': 's__ask',
      };
      const text = await (
        await post(url, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, headers)
      ).text();
      return JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? text) as Record<string, unknown>;
    };
    const answer = (key: string, state: unknown): object => ({
      requestState: state,
      inputResponses: { [key]: { action: 'accept', content: {} } },
    });
    const first = (await send({ n: 1 }, {})) as { result: { requestState: string } };
    const second = (await send({ n: 1 }, answer('approval', first.result.requestState))) as {
      result: { requestState: string; inputRequests: Record<string, unknown> };
    };
    const [key = ''] = Object.keys(second.result.inputRequests);
    expect(key).not.toBe('approval');
    expect(await send({ n: 2 }, answer(key, second.result.requestState))).toHaveProperty('error');
    expect(await send({ n: 1 }, answer(key, second.result.requestState))).toHaveProperty('result.content');
  });
});
