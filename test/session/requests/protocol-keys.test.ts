import { describe, expect, it } from 'vitest';
import { inProcess, type ScriptedInProcessServer } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { jsonOf } from '../../support/results.ts';
import { local } from '../../support/servers.ts';
import { ERAS, open } from '../support/open.ts';
import { RawServer, SILENCE } from '../support/raw-server.ts';

const REFUSED = [
  'progressToken',
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/serverInfo',
  'io.modelcontextprotocol/subscriptionId',
];

const ALLOWED = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01',
  tracestate: 'a=b',
  baggage: 'c=d',
  'io.modelcontextprotocol/logLevel': 'error',
  'io.modelcontextprotocol/related-task': { taskId: 't' },
  'com.example/own': [1],
  ProgressToken: 1,
};

function calls({
  requests,
}: ScriptedInProcessServer): readonly { readonly params: Record<string, unknown> }[] {
  return requests.filter(({ method }) => method === 'tools/call');
}

describe.each(ERAS)('H13 keys of the protocol in the meta of a caller ($era)', ({ protocol }) => {
  it.each(REFUSED)('"%s" is refused wherever it can be given, and nothing is sent', async (key) => {
    await using server = inProcess({ tools: [{ name: 'echo' }] });
    const { session } = await open(server, { protocol });
    const group = await connectGroup({
      servers: { a: { server: local({ tools: [{ name: 'echo' }], resources: [{ uri: 'a:b' }] }), protocol } },
    });
    const before = server.requests.length;
    const meta = { [key]: 'x', 'com.example/own': 1 };
    const failures = await Promise.all([
      failureOf(session.callTool('echo', {}, { meta })),
      failureOf(session.listTools({ meta })),
      failureOf(session.readResource('a:b', { meta })),
      failureOf(session.ping({ meta })),
      failureOf(session.request({ method: 'x/y' }, { meta })),
      failureOf(session.request({ method: 'x/y', params: { _meta: meta } })),
      failureOf(session.notify({ method: 'notifications/x', params: { _meta: meta } })),
      failureOf(group.callTool('a__echo', {}, { meta })),
      failureOf(group.readResource('a:b', { meta })),
    ]);
    for (const error of failures) {
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', maybeExecuted: false });
      expect(error.message).toContain(`"${key}"`);
    }
    expect(server.requests).toHaveLength(before);
  });

  it('others are sent', async () => {
    await using server = inProcess({ tools: [{ name: 'echo' }] });
    const { session } = await open(server, { protocol });
    expect(jsonOf(await session.callTool('echo', { a: 1 }, { meta: ALLOWED }))).toEqual({ a: 1 });
    expect(calls(server)[0]?.params['_meta']).toMatchObject(ALLOWED);
  });
});

describe('H13 the id of an answer', () => {
  const methods = ['tools/call', 'resources/read'];
  const disguised: [string, (id: number) => unknown][] = [
    ['a hexadecimal text', (id) => `0x${id.toString(16)}`],
    ['an exponent', (id) => `${id}e0`],
    ['a decimal point', (id) => `${id}.0`],
    ['a space before it', (id) => ` ${id}`],
    ['a line break behind it', (id) => `${id}\n`],
    ['a leading zero', (id) => `0${id}`],
    ['a sign', (id) => `+${id}`],
  ];

  it.each(methods.flatMap((method) => disguised.map(([what, disguise]) => ({ method, what, disguise }))))(
    '$method: $what is not the number that was sent',
    async ({ method, disguise }) => {
      const result = method === 'tools/call' ? { content: [] } : { contents: [] };
      const server = new RawServer((request, raw) => {
        if (request.method !== method) return undefined;
        raw.send({ jsonrpc: '2.0', id: disguise(Number(request.id)), result });
        return SILENCE;
      });
      const { session, seen } = await open(server.spec, { protocol: 'legacy' });
      const call =
        method === 'tools/call'
          ? session.callTool('a', {}, { timeoutMs: 50 })
          : session.readResource('a:b', { timeoutMs: 50 });
      expect((await failureOf(call)).code).toBe('TIMEOUT');
      await expect.poll(() => seen('problem').length).toBeGreaterThan(0);
    },
  );

  it('an empty text is not 0', async () => {
    const server = new RawServer(({ method }, raw) => {
      if (method !== 'initialize') return undefined;
      raw.send({ jsonrpc: '2.0', id: '', error: { code: 1, message: 'forged' } });
      return undefined;
    });
    const { session } = await open(server.spec, { protocol: 'legacy' });
    expect(session.status.state).toBe('ready');
  });

  it.each(methods)('%s: the text of the number itself is taken', async (method) => {
    const server = new RawServer((request, raw) => {
      if (request.method !== method) return undefined;
      raw.send({
        jsonrpc: '2.0',
        id: String(request.id),
        result: method === 'tools/call' ? { content: [] } : { contents: [] },
      });
      return SILENCE;
    });
    const { session } = await open(server.spec, { protocol: 'legacy' });
    const answer = method === 'tools/call' ? session.callTool('a') : session.readResource('a:b');
    expect(await answer).toBeDefined();
  });
});
