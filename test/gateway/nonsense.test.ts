import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway } from '../../src/gateway/index.ts';
import { failureOf } from '../support/failures.ts';
import { newSession } from '../support/groups.ts';
import { local, tools } from '../support/servers.ts';

const NONSENSE: readonly unknown[] = [null, 0, 42, '', 'x', true, [], Symbol('s'), 10n, new Map(), { a: 1 }];

describe('a gateway that is given nonsense', () => {
  it('refuses it, and serves on', async () => {
    const gateway = await createGateway({
      servers: { a: { server: () => local({ tools: tools('echo') }) } },
      hosts: ['127.0.0.1'],
    });
    onTestFinished(() => gateway.close());
    const { url } = await gateway.listen({ port: 0 });
    const session = await newSession(url);
    for (const wrong of NONSENSE) {
      const calls: [string, () => unknown][] = [
        ['add', () => gateway.add('b', wrong as never)],
        ['add', () => gateway.add(wrong as never, { command: 'x' })],
        ['fetch', () => gateway.fetch(wrong as never)],
        ['serveStdio', () => gateway.serveStdio(wrong as never)],
        ['serveStdio', () => gateway.serveStdio({ input: wrong } as never)],
        ['drain', () => gateway.drain(wrong as never)],
        ['client', () => gateway.client(wrong as never)],
        ['signIn', () => gateway.signIn('p', wrong as never)],
        ['signIn', () => gateway.signIn(wrong as never, 'a')],
        ['signOut', () => gateway.signOut(wrong as never)],
        ['configure', () => gateway.configure(wrong as never)],
        ['catalogFor', () => gateway.catalogFor(wrong as never)],
        ['remove', () => gateway.remove(wrong as never)],
      ];
      for (const [name, call] of calls) {
        // Some texts are right in form.
        if (typeof wrong === 'string' && wrong !== '' && name === 'signOut') continue;
        if (wrong === 'x' && name === 'add') continue;
        const error = await failureOf((async () => call())());
        expect(['CONFIG_INVALID', 'UNKNOWN_SERVER'], name).toContain(error.code);
      }
    }
    expect(await session.callTool('a__echo', { n: 1 })).toBeDefined();
  });
});

describe('a gateway with a server whose options are wrong', () => {
  it.each<[what: string, make: () => object, option: string]>([
    ['an isolation that there is not', () => ({ command: 'x', isolation: 'user' }), 'isolation'],
    ['globs that are none', () => ({ command: 'x', allow: 5 }), 'allow'],
    ['users that sign in to a process', () => ({ command: 'x', upstreamAuth: 'user' }), 'upstreamAuth'],
    [
      'users that share a session',
      () => ({ url: 'http://127.0.0.1:1/mcp', upstreamAuth: 'user', isolation: 'shared' }),
      'isolation',
    ],
    ['one object for several sessions', () => ({ server: local(), isolation: 'client' }), 'isolation'],
  ])('says which server it is: %s', async (_, make, option) => {
    const server = make();
    const other = { server: () => local({ tools: tools('echo') }) };
    const atStart = await failureOf(createGateway({ servers: { other, wrong: server as never } }));
    const gateway = await createGateway({ servers: { other } });
    onTestFinished(() => gateway.close());
    const later = await failureOf(gateway.add('wrong', server as never));
    for (const error of [atStart, later]) {
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', server: 'wrong', data: { option } });
      expect(error.message).toContain('"wrong"');
    }
    expect([...gateway.servers.keys()]).toEqual(['other']);
  });
});
