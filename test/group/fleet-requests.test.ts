import { describe, expect, it } from 'vitest';
import type { LogMessage } from '../../src/index.ts';
import type { LogLevel, ServerScript } from '../../src/testing/index.ts';
import { eventually } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { ERAS, http, local, PLACES, requestsOf, tools } from '../support/servers.ts';

const PROMPTS: ServerScript = {
  prompts: [{ name: 'review', arguments: [{ name: 'language', required: true }, { name: 'framework' }] }],
  resourceTemplates: [{ uriTemplate: 'repo:{owner}' }],
  completions: [
    { ref: 'review', argument: 'language', values: ['typescript', 'tcl', 'rust'] },
    { ref: 'repo:{owner}', argument: 'owner', values: ['octocat', 'other'] },
  ],
};

describe.each(ERAS)('G12 prompts (%s)', (era) => {
  it('are got from their owner, under the upstream name', async () => {
    const [a, b] = [local({ era, ...PROMPTS }), await http({ era, ...PROMPTS })];
    const group = await connectGroup({ servers: { a: { server: a }, b: { url: b.url } } });
    expect(group.prompts.get('b__review')).toMatchObject({
      name: 'review',
      upstreamName: 'review',
      server: 'b',
    });
    const { messages } = await group.getPrompt(
      'b__review',
      { language: 'ts' },
      { meta: { 'example.com/t': 1 } },
    );
    expect(messages[0]?.content).toMatchObject({ text: '{"prompt":"review","arguments":{"language":"ts"}}' });
    expect(requestsOf(a, 'prompts/get')).toEqual([]);
    expect(requestsOf(b, 'prompts/get')[0]?.params).toMatchObject({
      name: 'review',
      arguments: { language: 'ts' },
      _meta: { 'example.com/t': 1 },
    });
    expect(await failureOf(group.getPrompt('b__review'))).toMatchObject({
      code: 'PROTOCOL',
      rpcCode: -32_602,
    });
  });

  it('an unknown one is UNKNOWN_PROMPT with the nearest names, and no server is asked', async () => {
    const server = local({ era, ...PROMPTS, tools: tools('tool') });
    const group = await connectGroup({ servers: { a: { server } } });
    const error = await failureOf(group.getPrompt('a__reviw'));
    expect(error.code).toBe('UNKNOWN_PROMPT');
    expect(error.message).toContain('"a__review"');
    expect((await failureOf(group.getPrompt('a__tool'))).code).toBe('UNKNOWN_PROMPT');
    expect((await failureOf(group.callTool('a__review'))).code).toBe('UNKNOWN_TOOL');
    expect(requestsOf(server, 'prompts/get')).toEqual([]);
  });
});

describe.each(ERAS)('G12 completion (%s)', (era) => {
  it('of an argument of a prompt, with what is known of the others', async () => {
    const [a, b] = [local({ era, ...PROMPTS }), local({ era, ...PROMPTS })];
    const group = await connectGroup({ servers: { a: { server: a }, b: { server: b } } });
    const { completion } = await group.complete(
      { type: 'ref/prompt', name: 'b__review' },
      { name: 'language', value: 't' },
      { arguments: { framework: 'vitest' } },
    );
    expect(completion.values).toEqual(['typescript', 'tcl']);
    expect(requestsOf(a, 'completion/complete')).toEqual([]);
    expect(requestsOf(b, 'completion/complete')[0]?.params).toMatchObject({
      ref: { type: 'ref/prompt', name: 'review' },
      argument: { name: 'language', value: 't' },
      context: { arguments: { framework: 'vitest' } },
    });
  });

  it('of a variable of a resource template', async () => {
    const server = local({ era, ...PROMPTS });
    const group = await connectGroup({ servers: { a: { server: local({ era }) }, b: { server } } });
    const ref = { type: 'ref/resource' as const, uri: 'repo:{owner}' };
    const { completion } = await group.complete(ref, { name: 'owner', value: 'o' });
    expect(completion.values).toEqual(['octocat', 'other']);
  });

  it('of a template that two servers have needs one of them named', async () => {
    const [a, b] = [local({ era, ...PROMPTS }), local({ era, ...PROMPTS })];
    const group = await connectGroup({ servers: { a: { server: a }, b: { server: b } } });
    const ref = { type: 'ref/resource' as const, uri: 'repo:{owner}' };
    const argument = { name: 'owner', value: '' };
    expect((await failureOf(group.complete(ref, argument))).code).toBe('AMBIGUOUS_RESOURCE');
    await group.complete(ref, argument, undefined, { server: 'b' });
    expect([a, b].map((server) => requestsOf(server, 'completion/complete').length)).toEqual([0, 1]);
  });

  it('of what nobody has is UNKNOWN_PROMPT or UNKNOWN_RESOURCE', async () => {
    const group = await connectGroup({ servers: { a: { server: local({ era, ...PROMPTS }) } } });
    const argument = { name: 'x', value: '' };
    const prompt = await failureOf(group.complete({ type: 'ref/prompt', name: 'review' }, argument));
    expect(prompt.code).toBe('UNKNOWN_PROMPT');
    const resource = await failureOf(group.complete({ type: 'ref/resource', uri: 'none:{x}' }, argument));
    expect(resource.code).toBe('UNKNOWN_RESOURCE');
  });
});

describe('G12 prompts and completion over every transport', () => {
  it.each(Object.entries(PLACES))('%s', async (_place, start) => {
    const { spec } = await start(PROMPTS);
    const group = await connectGroup({ servers: { s: spec } });
    await group.getPrompt('s__review', { language: 'ts' });
    const ref = { type: 'ref/prompt' as const, name: 's__review' };
    const { completion } = await group.complete(ref, { name: 'language', value: 'r' });
    expect(completion.values).toEqual(['rust']);
  });
});

describe.each(ERAS)('G12 the log level (%s)', (era) => {
  const logging = (level: LogLevel): ServerScript => ({
    era,
    tools: [{ name: 'log', does: { type: 'log', level, data: { level } } }],
  });

  it('is set on every server, and messages come with the name of the server', async () => {
    const [quiet, loud] = [local(logging('debug')), await http(logging('error'))];
    const heard: [string, LogMessage][] = [];
    const group = await connectGroup({
      servers: { quiet: { server: quiet }, loud: { url: loud.url } },
      onLog: ({ server }, message) => void heard.push([server, message]),
    });
    const log = new EventLog(group);
    await group.setLoggingLevel('warning');
    await group.callTool('quiet__log');
    await group.callTool('loud__log');
    await log.until('log');
    await group.setLoggingLevel('debug', { server: 'quiet' });
    await group.callTool('quiet__log');
    await log.until('log', ({ server }) => server === 'quiet');
    expect(log.of('log')).toMatchObject([
      { server: 'loud', level: 'error', data: { level: 'error' } },
      { server: 'quiet', level: 'debug', data: { level: 'debug' } },
    ]);
    expect(heard.map(([server, { level }]) => `${server} ${level}`)).toEqual(['loud error', 'quiet debug']);
  });

  it('holds for servers that join later, and for those that come back', async () => {
    const group = newGroup();
    const log = new EventLog(group);
    await group.setLoggingLevel('error');
    const server = local(logging('error'));
    await group.add('late', { server });
    await group.callTool('late__log');
    await log.until('log');
    server.crash();
    await log.until('status', ({ status }) => status.state === 'reconnecting');
    await eventually('it logs again', async () => {
      await group.callTool('late__log');
      return log.of('log').length > 1;
    });
    const silent = local(logging('info'));
    await group.add('silent', { server: silent });
    await group.callTool('silent__log');
    await group.callTool('late__log');
    expect(log.of('log').filter(({ server: who }) => who === 'silent')).toEqual([]);
  });

  it('an unknown server is UNKNOWN_SERVER', async () => {
    const group = newGroup();
    expect((await failureOf(group.setLoggingLevel('debug', { server: 'x' }))).code).toBe('UNKNOWN_SERVER');
  });
});

describe('G12 ping', () => {
  it('asks one server, or all, in either era', async () => {
    const peers = { old: local({ era: 'legacy' }), new: local({ era: 'modern' }) };
    const group = await connectGroup({ servers: { old: { server: peers.old }, new: { server: peers.new } } });
    const count = (): number[] => [
      requestsOf(peers.old, 'ping').length,
      requestsOf(peers.new, 'server/discover').length,
    ];
    const [old = 0, modern = 0] = count();
    await group.ping({ server: 'old' });
    expect(count()).toEqual([old + 1, modern]);
    await group.ping();
    expect(count()).toEqual([old + 2, modern + 1]);
  });

  it('rejects when one is silent, within the time given', async () => {
    const silent = local({ era: 'legacy' });
    const group = await connectGroup({ servers: { silent: { server: silent }, well: { server: local() } } });
    silent.hang();
    const error = await failureOf(group.ping({ timeoutMs: 150 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', server: 'silent' });
    await group.ping({ server: 'well' });
    silent.resume();
    expect((await failureOf(group.ping({ server: 'nobody' }))).code).toBe('UNKNOWN_SERVER');
  });

  it.each(['ping', 'refresh'] as const)(
    '%s refuses a bare name, which would ask all servers',
    async (ask) => {
      const group = await connectGroup({ servers: { a: { server: local() } } });
      // @ts-expect-error What a program without types would pass.
      expect((await failureOf(group[ask]('a'))).code).toBe('INVALID_ARGUMENTS');
    },
  );
});
