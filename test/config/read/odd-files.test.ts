import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEditorConfigs } from '../../../src/config/index.ts';
import { load as loadAgain } from '../../../src/config/load-config.ts';
import { bounded } from '../../support/eventually.ts';
import { configFile, folderWith } from '../support/files.ts';
import { load, loadServers, messagesOf, problemsOf, refusalOf } from '../support/loading.ts';

/** As text: an object literal would set the prototype instead. */
const serverWith = (member: string): string => `{"mcpServers": {"a": {"command": "x", ${member}}}}`;

describe('keys that every object inherits', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('%s is an unknown key', async (key) => {
    const config = await load(serverWith(`"${key}": {"command": "evil"}`));
    expect(messagesOf(config)).toEqual([expect.stringMatching(`Unknown key "${key}"`)]);
    expect(config.servers['a']).toEqual({ command: 'x' });
  });

  it('are variables and headers as any others, or none', async () => {
    const config = await load(
      serverWith('"env": {"constructor": "1", "__proto__": "2", "A": "${toString:-no}"}'),
    );
    const { env } = config.servers['a'] as { env: object };
    expect(Object.getPrototypeOf(env)).toBe(Object.prototype);
    expect(env).toMatchObject({ constructor: '1', A: 'no' });
    expect(await problemsOf(load(serverWith('"env": {"A": "${constructor}"}')))).toEqual([
      expect.stringContaining('constructor, which is not set'),
    ]);
  });

  it('a file full of them changes no other object', async () => {
    const evil = '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}';
    const text = `{"mcpServers": {"a": {"command": "x", "env": ${evil}, "lazy": ${evil}}}, "plenum": ${evil}, "inputs": ${evil}, "__proto__": ${evil}}`;
    await load(text).catch(() => {});
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });
});

describe('a file of a workspace that is not what it seems', () => {
  it('with an input whose id is no text: the others in it are found', async () => {
    const cwd = folderWith({
      '.vscode/mcp.json': {
        servers: { a: { command: 'x', args: ['${input:key}'] } },
        inputs: [{ id: { toString: 1, valueOf: 1 } }, { id: 7 }, { id: 'key', type: 'promptString' }],
      },
    });
    const env = { HOME: folderWith() };
    const [config] = await readEditorConfigs({ cwd, env, platform: 'linux' });
    expect(config?.servers).toMatchObject([{ name: 'a', inputs: [{ id: 'key' }] }]);
  });

  it('a file without an end is refused, not read for ever', async () => {
    const { message } = await bounded(
      'refusal',
      refusalOf(loadServers({ a: { command: 'x', envFile: '/dev/zero' } })),
    );
    expect(message).toContain('envFile');
  });
});

describe('a configuration that is loaded again and again', () => {
  const FILE = { mcpServers: { a: { command: 'x', env: { TOKEN: '${input:token}' } } } };
  const INPUTS = { inputs: [{ id: 'token', type: 'promptString' }] };

  it('asks once, and takes up no more for every time', async () => {
    let asked = 0;
    const prompt = (): string => `answer ${++asked}`;
    const path = configFile({ ...FILE, ...INPUTS });
    const first = await loadAgain({ path, env: {}, prompt });
    let latest = first;
    for (let round = 0; round < 100; round++) latest = await loadAgain(latest.options);
    expect(asked).toBe(1);
    expect(latest.config.servers['a']).toMatchObject({ env: { TOKEN: 'answer 1' } });
    expect(latest.options.prompt).toBe(first.options.prompt);
  });

  it('two who load it do not share their answers', async () => {
    const path = join(folderWith({ 'plenum.json': { ...FILE, ...INPUTS } }), 'plenum.json');
    const tokens = await Promise.all(
      ['ada', 'bob'].map(
        async (name) => (await loadAgain({ path, env: {}, prompt: () => name })).config.servers['a'],
      ),
    );
    expect(tokens).toMatchObject([{ env: { TOKEN: 'ada' } }, { env: { TOKEN: 'bob' } }]);
  });
});
