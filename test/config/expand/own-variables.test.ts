import * as fc from 'fast-check';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type ConfiguredServer } from '../../../src/config/index.ts';
import { bounded } from '../../support/eventually.ts';
import { folderWith } from '../support/files.ts';
import { load, loadServers, messagesOf, problemsOf } from '../support/loading.ts';

const environment = { SHARED: 'outer', PATH: '/bin', ONLY_OUTER: 'o' };
const neighbour = { command: 'n', args: ['${ONLY_OUTER}'] };

/** A server, loaded beside one that must notice nothing. */
async function loaded(server: object, env: Record<string, string> = environment): Promise<ConfiguredServer> {
  const { servers } = await loadServers({ s: server, neighbour }, { env });
  expect(servers['neighbour']).toMatchObject({ args: ['o'] });
  const { s } = servers;
  if (s === undefined) throw new Error('the server is not there');
  return s;
}

describe('L1 a server whose texts refer to its own env', () => {
  it('the recipe of mcp-remote: a header among the arguments', async () => {
    const args = ['-y', 'mcp-remote', 'https://a.example.com', '--header', 'Authorization:${AUTH_TOKEN}'];
    const env = { AUTH_TOKEN: 'Bearer abc' };
    expect(await loaded({ command: 'npx', args, env })).toMatchObject({
      args: [...args.slice(0, -1), 'Authorization:Bearer abc'],
      env,
    });
  });

  it.each<[situation: string, text: string, env: object, value: string]>([
    ['by env:', '${env:T}', { T: 't' }, 't'],
    ['before the environment', '${SHARED}', { SHARED: 'own' }, 'own'],
    ['an empty own value', 'x${SHARED}', { SHARED: '' }, 'x'],
    ['a default for an empty own value', '${SHARED:-d}', { SHARED: '' }, 'd'],
    ['no default where there is an own value', '${T:-d}', { T: 't' }, 't'],
    ['inside a default', '${NO:-${T}}', { T: 't' }, 't'],
    ['a number', '${PORT}', { PORT: 8080 }, '8080'],
    ['true', '${DEBUG}', { DEBUG: true }, 'true'],
    ['null leaves it to the environment', '${SHARED}', { SHARED: null }, 'outer'],
    ['a value that refers to the environment', '${T}', { T: 'Bearer ${SHARED}' }, 'Bearer outer'],
    ['a value that refers to another of them', '${A}', { A: 'a${B}', B: 'b' }, 'ab'],
    ['a value that refers to a later one with a default', '${A}', { A: '${B:-d}', B: 'b' }, 'b'],
    ['a value that extends that of the environment', '${PATH}', { PATH: '${PATH}:x' }, '/bin:x'],
    ['a circle that the environment ends', '${A}', { A: '${SHARED}', SHARED: '${A}' }, 'outer'],
    ['no variable of another kind', '$${T} $T', { T: 't' }, '${T} $T'],
    ['a value is not expanded again', '${T}', { T: '$${SHARED}' }, '${SHARED}'],
  ])('%s', async (_, text, env, value) => {
    expect(await loaded({ command: 'c', args: [text], env })).toMatchObject({ args: [value] });
  });

  it('in command, cwd and every other text', async () => {
    const server = {
      command: '${BIN}',
      cwd: '${DIR}',
      protocol: '${ERA}',
      env: { BIN: 'b', DIR: '/d', ERA: 'legacy' },
    };
    expect(await loaded(server)).toMatchObject({ command: 'b', cwd: '/d', protocol: 'legacy' });
  });

  it('in the URL and the headers of a server behind a URL, and then its env is no mistake', async () => {
    const { servers, warnings } = await loadServers({
      s: {
        url: 'https://${HOST}/mcp',
        headers: { 'X-Key': '${KEY}' },
        auth: { type: 'bearer', token: '${TOKEN}' },
        env: { HOST: 'h.example.com', KEY: 'k', TOKEN: 't' },
      },
    });
    expect(servers['s']).toMatchObject({ url: 'https://h.example.com/mcp', headers: { 'X-Key': 'k' } });
    const auth = (servers['s'] as { auth: { token(): Promise<string> } }).auth;
    expect(await auth.token()).toBe('t');
    expect(servers['s']).not.toHaveProperty('env');
    expect(warnings).toEqual([]);
  });

  it('a process gets the values that its arguments got', async () => {
    const env = { A: '${B}-a', B: '${C:-c}', PATH: '${PATH}:x' };
    expect(await loaded({ command: 'c', args: ['${A}', '${B}', '${PATH}'], env })).toMatchObject({
      args: ['c-a', 'c', '/bin:x'],
      env: { A: 'c-a', B: 'c', PATH: '/bin:x' },
    });
  });

  it('one server never sees the env of another', async () => {
    const { broken, servers } = await loadServers(
      { a: { command: 'a', env: { T: 't' } }, b: { command: 'b', args: ['${T}'] } },
      { tolerant: true },
    );
    expect(Object.keys(servers)).toEqual(['a']);
    expect(broken['b']?.message).toContain('needs the environment variable T, which is not set');
  });
});

describe('L1 inside env', () => {
  it.each<[situation: string, env: object, problem: string]>([
    ['itself', { A: '${A}' }, 'env.A: needs the environment variable A, which is not set'],
    ['a circle', { A: '${B}', B: '${A}' }, 'env.A: needs the environment variable B, which is not set'],
    ['nobody', { A: '${B}' }, 'env.A: needs the environment variable B, which is not set'],
  ])('what refers to %s is a problem of that server', async (_, env, problem) => {
    expect(await problemsOf(loadServers({ s: { command: 'c', env } }))).toContainEqual(
      expect.stringContaining(`mcpServers.s.${problem}`),
    );
  });

  it('the environment comes first, as in editors', async () => {
    expect(await loaded({ command: 'c', env: { A: '${SHARED}', SHARED: 'own' } })).toMatchObject({
      env: { A: 'outer', SHARED: 'own' },
    });
  });

  it('values that multiply are refused at once', async () => {
    const doubling = (last: string): object =>
      Object.fromEntries(
        Array.from({ length: 18 }, (__, at) => [
          `A${at}`,
          at === 17 ? last : '${A$}${A$}'.replaceAll('$}', `${at + 1}}`),
        ]),
      );
    for (const last of ['', 'x'.repeat(1_000)]) {
      const problems = await bounded(
        'refusal',
        problemsOf(loadServers({ s: { command: 'c', args: ['${A0}'], env: doubling(last) } })),
      );
      expect(problems).toContainEqual('mcpServers.s.args[0]: has references that come to too much text');
    }
    const chain = Object.fromEntries(Array.from({ length: 5_000 }, (__, at) => [`A${at}`, `\${A${at + 1}}`]));
    expect(await problemsOf(loadServers({ s: { command: 'c', env: chain } }))).toContainEqual(
      'mcpServers.s.env.A0: has more than 20 variables that refer to each other',
    );
  });

  const name = fc.constantFrom('A', 'B', 'C', 'PATH', '__proto__', 'constructor');
  const text = fc
    .array(
      fc.oneof(
        fc.constant('x'),
        name.map((each) => `\${${each}}`),
        name.map((each) => `\${${each}:-d}`),
      ),
    )
    .map((parts) => parts.join(''));
  it('whatever refers to whatever, the server is there or says what is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, text, { maxKeys: 6 }), text, async (env, arg) => {
        const servers = { s: { command: 'c', args: [arg], env }, neighbour };
        const config = await loadServers(servers, { env: environment, tolerant: true });
        expect(config.servers['neighbour']).toMatchObject({ command: 'n', args: ['o'] });
        expect('s' in config.servers).toBe(!('s' in config.broken));
      }),
      { numRuns: 50 },
    );
  });
});

describe('L1 an envFile', () => {
  const folder = (text: string, server: object): Promise<unknown> => {
    const path = folderWith({ 'vars.env': text, 'plenum.json': { mcpServers: { s: server } } });
    return loadConfig({ path: join(path, 'plenum.json'), env: environment }).then(
      ({ servers }) => servers['s'],
    );
  };

  it.each<[situation: string, more: object, args: string[]]>([
    ['counts in arguments', {}, ['f', '/bin']],
    ['before the environment', {}, ['f', '/bin']],
    ['after env', { env: { T: 'e' } }, ['e', '/bin']],
  ])('%s', async (_, more, args) => {
    const server = { command: 'c', args: ['${T}', '${PATH}'], envFile: 'vars.env', ...more };
    expect(await folder('T=f\nSHARED=f\n', server)).toMatchObject({ args, env: { SHARED: 'f' } });
  });

  it('may have a path of variables and inputs', async () => {
    const path = folderWith({
      'outer.env': 'T=f',
      'plenum.json': {
        inputs: [{ id: 'which', type: 'promptString' }],
        servers: { s: { command: 'c', args: ['${T}'], envFile: '${input:which}.env' } },
      },
    });
    const config = await loadConfig({ path: join(path, 'plenum.json'), env: {}, prompt: () => 'outer' });
    expect(config.servers['s']).toMatchObject({ args: ['f'], env: { T: 'f' } });
  });

  it('that is not there is the only complaint', async () => {
    expect(
      await problemsOf(loadServers({ s: { command: 'c', args: ['${T}'], envFile: 'nowhere.env' } })),
    ).toEqual(['mcpServers.s.envFile: found a file that cannot be read: there is no such file']);
    expect(
      await problemsOf(loadServers({ s: { command: 'c', args: ['${T}'], envFile: '${NOWHERE}/x.env' } })),
    ).toEqual([expect.stringMatching(/^mcpServers\.s\.envFile: needs the environment variable NOWHERE/)]);
  });
});

it('L1 an answer of the user reaches the arguments through env, and is asked for once', async () => {
  const asked: string[] = [];
  const config = await load(
    {
      inputs: [{ id: 'token', type: 'promptString' }],
      servers: { s: { command: 'c', args: ['H:${T}'], env: { T: '${input:token}' } }, neighbour },
    },
    {
      env: environment,
      prompt: ({ field }) => {
        asked.push(field);
        return 'answer';
      },
    },
  );
  expect(config.servers['s']).toMatchObject({ args: ['H:answer'], env: { T: 'answer' } });
  expect(asked).toHaveLength(1);
  expect(messagesOf(config)).toEqual([]);
});
