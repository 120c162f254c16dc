import { describe, expect, it } from 'vitest';
import type { Progress } from '@modelcontextprotocol/client';
import type { SessionGroup } from '../../src/index.ts';
import type { ScriptedTool } from '../../src/testing/index.ts';
import { eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup } from '../support/groups.ts';
import { ERAS, http, local, methodsOf, PLACES, requestsOf, tools } from '../support/servers.ts';

const TOOLS: ScriptedTool[] = [
  { name: 'echo' },
  { name: 'hang', does: { type: 'sleepUntilCancelled' } },
  { name: 'progress', does: { type: 'progress', steps: 3 } },
  { name: 'long', does: { type: 'progress', steps: 200, everyMs: 30 } },
  { name: 'fails', does: { type: 'error', message: 'disk full' } },
  { name: 'refuses', does: { type: 'rpcError', code: -32_050, message: 'not today', data: { why: 1 } } },
  {
    name: 'elicit',
    does: {
      type: 'elicit',
      params: { message: 'Who?', requestedSchema: { type: 'object', properties: {} } },
    },
  },
];

describe('G7 callTool() goes to the owner, under the upstream name', () => {
  it.each(Object.entries(PLACES))('%s', async (_place, start) => {
    const { spec, server } = await start({ tools: TOOLS });
    const bystander = local({ tools: TOOLS });
    const group = await connectGroup({ servers: { owner: spec, bystander: { server: bystander } } });
    const result = await group.callTool('owner__echo', { text: 'hello', nested: [1, { a: null }] });
    expect(result.content).toEqual([{ type: 'text', text: '{"text":"hello","nested":[1,{"a":null}]}' }]);
    expect(requestsOf(bystander, 'tools/call')).toEqual([]);
    if (server === undefined) return;
    expect(requestsOf(server, 'tools/call')).toMatchObject([
      { params: { name: 'echo', arguments: { text: 'hello', nested: [1, { a: null }] } } },
    ]);
  });

  it('without arguments as well', async () => {
    const server = local({ tools: TOOLS });
    const group = await connectGroup({ servers: { s: { server } } });
    expect((await group.callTool('s__echo')).content).toEqual([{ type: 'text', text: '{}' }]);
  });

  it('hundreds at a time, to many servers, each with its own answer', async () => {
    const canary: ScriptedTool = { name: 'canary', does: { type: 'canary', maxDelayMs: 30 } };
    const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
    const group = await connectGroup({
      servers: Object.fromEntries(names.map((name) => [name, { server: local({ name, tools: [canary] }) }])),
    });
    const calls = Array.from({ length: 400 }, async (_, nr) => {
      const name = names[nr % names.length] ?? '';
      const { structuredContent } = await group.callTool(`${name}__canary`, { nr });
      expect(structuredContent).toMatchObject({ server: name, arguments: { nr } });
    });
    await Promise.all(calls);
  });

  it('a tool that ran and failed is a result; a refusal is PROTOCOL with what the server said', async () => {
    const group = await connectGroup({ servers: { s: { server: local({ tools: TOOLS }) } } });
    expect(await group.callTool('s__fails')).toMatchObject({
      isError: true,
      content: [{ text: 'disk full' }],
    });
    expect(await failureOf(group.callTool('s__refuses'))).toMatchObject({
      code: 'PROTOCOL',
      server: 's',
      rpcCode: -32_050,
      rpcMessage: 'not today',
      data: { why: 1 },
    });
  });
});

describe.each(ERAS)('G7 callTool() forwards every option (%s)', (era) => {
  async function served() {
    const server = local({ era, tools: TOOLS });
    return { server, group: await connectGroup({ servers: { s: { server } } }) };
  }

  it('timeoutMs, and the server is told to stop', async () => {
    const { server, group } = await served();
    const error = await failureOf(group.callTool('s__hang', {}, { timeoutMs: 100 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 's' });
    await eventually('the server hears of it', () => server.cancelled.length === 1);
    await group.callTool('s__echo');
  });

  it('resetTimeoutOnProgress and maxTotalTimeoutMs', async () => {
    const { group } = await served();
    const startedAt = performance.now();
    const options = {
      timeoutMs: 400,
      resetTimeoutOnProgress: true,
      maxTotalTimeoutMs: 1_000,
      onProgress: () => {},
    };
    const error = await failureOf(group.callTool('s__long', {}, options));
    expect(error.code).toBe('TIMEOUT');
    expect(performance.now() - startedAt, 'progress bought it time').toBeGreaterThan(700);
    const impatient = { timeoutMs: 300, maxTotalTimeoutMs: 60_000, onProgress: () => {} };
    expect((await failureOf(group.callTool('s__long', {}, impatient))).code).toBe('TIMEOUT');
  });

  it('signal, before and during the call', async () => {
    const { server, group } = await served();
    const before = await failureOf(group.callTool('s__echo', {}, { signal: AbortSignal.abort('no') }));
    expect(before).toMatchObject({ code: 'ABORTED', cause: 'no' });
    expect(requestsOf(server, 'tools/call')).toEqual([]);
    const controller = new AbortController();
    const call = failureOf(group.callTool('s__hang', {}, { signal: controller.signal }));
    await eventually('the call arrives', () => requestsOf(server, 'tools/call').length === 1);
    controller.abort('enough');
    expect(await call).toMatchObject({ code: 'ABORTED', server: 's', cause: 'enough' });
    await eventually('the server hears of it', () => server.cancelled.length === 1);
  });

  it('onProgress', async () => {
    const { group } = await served();
    const seen: Progress[] = [];
    await group.callTool('s__progress', {}, { onProgress: (progress) => void seen.push(progress) });
    expect(seen).toEqual(
      [1, 2, 3].map((progress) => ({ progress, total: 3, message: `step ${progress} of 3` })),
    );
  });

  it('meta', async () => {
    const { server, group } = await served();
    await group.callTool('s__echo', { a: 1 }, { meta: { 'example.com/trace': 'abc', count: 3 } });
    const params = requestsOf(server, 'tools/call')[0]?.params;
    expect(params).toMatchObject({
      name: 'echo',
      arguments: { a: 1 },
      _meta: { 'example.com/trace': 'abc', count: 3 },
    });
  });
});

describe('G7 callTool() forwards what only one era or transport knows', () => {
  it('the tokens by which a stream is resumed', async () => {
    const server = await http(
      { era: 'legacy', tools: [{ name: 'slow', does: { type: 'slow', ms: 400 } }] },
      { answers: 'sse' },
    );
    const group = await connectGroup({ servers: { s: { url: server.url } } });
    const tokens: string[] = [];
    await group.callTool('s__slow', {}, { onResumptionToken: (token) => tokens.push(token) });
    expect(tokens.length).toBeGreaterThan(0);
    const resumptionToken = tokens[0] ?? '';
    await group.callTool('s__slow', {}, { resumptionToken, timeoutMs: 5_000 }).catch(() => {});
    const resumed = server.httpRequests.filter(({ method, headers }) => {
      return method === 'GET' && headers['last-event-id'] === resumptionToken;
    });
    expect(resumed).toHaveLength(1);
  });

  it('allowInputRequired, and with the answers the call goes on', async () => {
    const server = local({ era: 'modern', tools: TOOLS });
    const group = await connectGroup({
      servers: { s: { server } },
      onElicitation: () => Promise.reject(new Error('The handler must not be asked')),
    });
    const asked = await group.callTool('s__elicit', { a: 1 }, { allowInputRequired: true });
    expect(asked).toMatchObject({
      resultType: 'input_required',
      requestState: 'round-1',
      inputRequests: { answer: { method: 'elicitation/create', params: { message: 'Who?' } } },
    });
    const inputResponses = { answer: { action: 'accept', content: { who: 'me' } } };
    const result = await group.callTool('s__elicit', { a: 1 }, { inputResponses, requestState: 'round-1' });
    expect(requestsOf(server, 'tools/call')[1]?.params).toMatchObject({
      name: 'elicit',
      arguments: { a: 1 },
      inputResponses,
      requestState: 'round-1',
    });
    expect(JSON.stringify(result.content)).toContain('accept');
  });
});

describe('G7 an unknown tool', () => {
  async function fleet(): Promise<{ group: SessionGroup; asked: () => string[] }> {
    const servers = [
      local({ tools: tools('create_issue', 'close_issue', 'list_pulls') }),
      local({ tools: tools('forecast') }),
    ] as const;
    const [github, weather] = servers;
    const group = await connectGroup({
      servers: { github: { server: github }, weather: { server: weather } },
    });
    return { group, asked: () => servers.flatMap(({ requests }) => methodsOf(requests)) };
  }

  it('is UNKNOWN_TOOL with the nearest names, and no server is asked', async () => {
    const { group, asked } = await fleet();
    const before = asked().length;
    const error = await failureOf(group.callTool('github__create_isue', { a: 1 }));
    expect(error.code).toBe('UNKNOWN_TOOL');
    expect(error.message).toContain('"github__create_isue"');
    expect(error.message).toContain('"github__create_issue"');
    expect(error.message).not.toContain('weather__forecast');
    expect(asked()).toHaveLength(before);
  });

  it.each([
    ['its upstream name, of which the exposed one is told', 'forecast', /"weather__forecast"/],
    ['another case', 'WEATHER__FORECAST', /"weather__forecast"/],
    ['a name that is like none: what there is is told', 'zzzzzzzz', /"github__create_issue"/],
    ['an empty name', '', /./],
    ['the name of a server', 'weather', /"weather__forecast"/],
    ['what every object has', 'constructor', /./],
    ['a prototype', '__proto__', /./],
  ])('%s', async (_what, name, message) => {
    const { group, asked } = await fleet();
    const before = asked().length;
    const error = await failureOf(group.callTool(name));
    expect(error.code).toBe('UNKNOWN_TOOL');
    expect(error.message).toMatch(message);
    expect(asked()).toHaveLength(before);
  });

  it('a name with control characters does not reach a terminal as it is', async () => {
    const { group } = await fleet();
    const error = await failureOf(group.callTool('evil\u001b[2J\u202etool'));
    expect(error.message).not.toMatch(/[\u001b\u202e]/);
  });
});
