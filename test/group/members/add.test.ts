import { InMemoryTransport } from '@modelcontextprotocol/client';
import { McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { serveSse } from '../../../src/testing/index.ts';
import { thrownBy, failureOf } from '../../support/failures.ts';
import { newGroup } from '../../support/groups.ts';
import { expectGoneForGood } from '../../support/processes.ts';
import { http, local, PLACES, requestsOf, tools } from '../../support/servers.ts';
import { fixture } from '../../support/fixtures.ts';
import { ledgerFile } from '../../support/folders.ts';

describe('G2 add() picks the transport by the shape of the spec', () => {
  it.each(Object.entries(PLACES))('%s', async (_place, start) => {
    const group = newGroup();
    const { spec } = await start({ name: 'peer', tools: tools('echo') });
    const session = await group.add('a', spec);
    expect(session).toBe(group.session('a'));
    expect(session.serverInfo?.name).toBe('peer');
    expect([...group.tools.keys()]).toEqual(['a__echo']);
  });

  it('a raw program without an SDK', async () => {
    const group = newGroup();
    await group.add('raw', fixture('group-tiny.mjs', 'first', 'second'));
    expect([...group.tools.keys()]).toEqual(['raw__first', 'raw__second']);
    const { content } = await group.callTool('raw__second', { a: 1 });
    expect(content).toEqual([{ type: 'text', text: 'second {"a":1}' }]);
  });

  it('an official McpServer in this process', async () => {
    const group = newGroup();
    const server = new McpServer({ name: 'official', version: '2.0.0' });
    server.registerTool('hello', { description: 'Greets.' }, () => ({
      content: [{ type: 'text', text: 'hi' }],
    }));
    await group.add('official', { server });
    expect(group.tools.get('official__hello')).toMatchObject({
      name: 'hello',
      upstreamName: 'hello',
      server: 'official',
      description: 'Greets.',
    });
    expect((await group.callTool('official__hello')).content).toEqual([{ type: 'text', text: 'hi' }]);
    await group.remove('official');
    expect(server.isConnected()).toBe(false);
  });

  it('a transport of the caller, made by a function', async () => {
    const group = newGroup();
    const server = local({ tools: tools('echo') });
    let made = 0;
    const transport = async (): Promise<InMemoryTransport> => {
      made++;
      const [ours, theirs] = InMemoryTransport.createLinkedPair();
      await server.connect(theirs);
      return ours;
    };
    await group.add('custom', { transport });
    await group.callTool('custom__echo');
    expect(made).toBe(1);
  });

  it('a URL without a type whose server only knows the old SSE', async () => {
    const group = newGroup();
    await using server = await serveSse({ tools: tools('echo') });
    const session = await group.add('old', { url: new URL(server.url) });
    expect(session.era).toBe('legacy');
    await group.callTool('old__echo');
    await group.remove('old');
  });
});

describe('G2 what add() refuses costs nothing', () => {
  it('a name that is taken: the incumbent stays, the newcomer is not even opened', async () => {
    const group = newGroup();
    const ledger = ledgerFile();
    const first = local({ name: 'first', tools: tools('echo') });
    const session = await group.add('a', { server: first });
    const second = await http({ name: 'second', tools: tools('echo') });
    const before = group.catalog;
    const error = await failureOf(group.add('a', { url: second.url }));
    expect(error).toMatchObject({ code: 'NAME_COLLISION', server: 'a' });
    expect((await failureOf(group.add('a', fixture('group-tiny.mjs', `--ledger=${ledger}`)))).code).toBe(
      'NAME_COLLISION',
    );
    await expectGoneForGood(ledger);
    expect(second.connections).toBe(0);
    expect(group.session('a')).toBe(session);
    expect(group.catalog).toBe(before);
    await group.callTool('a__echo');
    expect(requestsOf(first, 'tools/call')).toHaveLength(1);
  });

  it('two adds of one name at once: exactly one is in, the other is not opened', async () => {
    const group = newGroup();
    const servers = [local({ tools: tools('echo') }), local({ tools: tools('echo') })];
    const outcomes = await Promise.allSettled(servers.map((server) => group.add('a', { server })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(servers.map(({ connections }) => connections)).toEqual([1, 0]);
    expect([...group.tools.keys()]).toEqual(['a__echo']);
  });

  it.each([
    ['no spec at all', undefined],
    ['a spec of no shape', {}],
    ['a spec of two shapes', { command: 'node', url: 'http://127.0.0.1:1' }],
    ['a URL that is none', { url: 'not a url' }],
    ['a scheme that is not spoken', { url: 'ftp://127.0.0.1' }],
    ['a timeout below nothing', { url: 'http://127.0.0.1:1', connectTimeoutMs: -1 }],
    ['a handler that is none', { url: 'http://127.0.0.1:1', onSampling: 'yes' }],
  ])('%s is CONFIG_INVALID', async (_what, spec) => {
    const group = newGroup();
    // @ts-expect-error What a program without types would pass.
    expect((await failureOf(group.add('a', spec))).code).toBe('CONFIG_INVALID');
    expect(group.servers.size).toBe(0);
  });

  it('an empty name is CONFIG_INVALID', async () => {
    const group = newGroup();
    expect((await failureOf(group.add('', { server: local() }))).code).toBe('CONFIG_INVALID');
  });

  it('a session of a server that is not there is UNKNOWN_SERVER', async () => {
    const group = newGroup();
    await group.add('weather', { server: local() });
    const error = thrownBy(() => group.session('wether'));
    expect(error.code).toBe('UNKNOWN_SERVER');
    expect(error.message).toContain('"weather"');
  });
});
