import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { configFile, writeTo } from '../support/files.ts';
import { load, loadServers, messagesOf, problemsOf, refusalOf } from '../support/loading.ts';
import { pidOf, scripted, watching } from '../support/watching.ts';

const good = { command: 'good' };

describe('a tolerant load', () => {
  it('leaves out servers that something is wrong with, and says what', async () => {
    const { servers, broken } = await loadServers(
      {
        good,
        unset: { command: 'x', env: { A: '${NOWHERE}' } },
        wrong: { command: 5, args: {} },
        asking: { command: 'x', args: ['${input:token}'] },
        shapeless: {},
        nothing: null,
      },
      { tolerant: true },
    );
    expect(servers).toEqual({ good });
    expect(Object.keys(broken).toSorted()).toEqual(['asking', 'nothing', 'shapeless', 'unset', 'wrong']);
    expect(broken['unset']).toMatchObject({ code: 'CONFIG_INVALID', server: 'unset' });
    expect(broken['unset']?.message).toMatch(
      /^The configuration of server "unset" has one problem:\n.*NOWHERE, which is not set/,
    );
    expect(broken['wrong']?.data).toMatchObject({ problems: [{ server: 'wrong' }, { server: 'wrong' }] });
  });

  it('a name that stands twice is neither', async () => {
    const { servers, broken } = await load(
      { mcpServers: { good, two: { command: 'a' } }, servers: { two: { command: 'b' } } },
      { tolerant: true },
    );
    expect(servers).toEqual({ good });
    expect(broken['two']?.message).toContain('a second time');
  });

  it.each([
    ['no JSON', '{ "mcpServers": '],
    ['the options of all', { mcpServers: { good, bad: {} }, plenum: { naming: 'short' } }],
    ['the inputs', { mcpServers: { good }, inputs: 5 }],
    ['no servers', {}],
  ])('what is wrong with the file as a whole is refused: %s', async (_, content) => {
    const { message } = await refusalOf(load(content, { tolerant: true }));
    expect(message).toMatch(/^The configuration has/);
  });

  it('without the option, one server costs all, and none is broken in a good file', async () => {
    expect(await problemsOf(loadServers({ good, bad: {} }))).toHaveLength(1);
    expect((await loadServers({ good })).broken).toEqual({});
  });

  it('nobody is asked for what only a broken server wants', async () => {
    const asked: string[] = [];
    const inputs = ['lost', 'both', 'wanted'].map((id) => ({ id, type: 'promptString' }));
    const { servers, broken } = await load(
      {
        inputs,
        servers: {
          bad: { command: 'x', args: ['${input:lost}', '${input:both}', '${NOWHERE}'] },
          fine: { command: 'y', args: ['${input:both}', '${input:wanted}'] },
        },
      },
      {
        tolerant: true,
        prompt: ({ id, field }) => {
          asked.push(`${id} ${field}`);
          return id;
        },
      },
    );
    expect(asked).toEqual(['both servers.fine.args[0]', 'wanted servers.fine.args[1]']);
    expect(servers).toEqual({ fine: { command: 'y', args: ['both', 'wanted'] } });
    expect(Object.keys(broken)).toEqual(['bad']);
  });
});

describe('only some servers', () => {
  const content = {
    inputs: [{ id: 'token', type: 'promptString' }],
    servers: {
      good,
      unset: { command: '${NOWHERE}' },
      asking: { command: 'x', args: ['${input:token}'] },
      odd: { command: 'x', comand: 'y' },
      off: { command: 'x', disabled: true },
    },
  };

  it('of the others, nothing is needed, asked for or said', async () => {
    const config = await load(content, { only: (name) => name === 'good' });
    const { servers, broken, disabled } = config;
    expect({ servers, broken, disabled }).toEqual({ servers: { good }, broken: {}, disabled: [] });
    expect(messagesOf(config)).toEqual([]);
  });

  it('one that is wanted and wrong is refused', async () => {
    const problems = await problemsOf(load(content, { only: (name) => name === 'unset' }));
    expect(problems).toEqual([expect.stringContaining('NOWHERE')]);
  });
});

describe('options of loadConfig', () => {
  it('one that there is not is refused with the nearest', async () => {
    const other: object = { file: 'x' };
    const { message } = await refusalOf(loadConfig(other));
    expect(message).toContain('Option "file" is not known. Did you mean "path"?');
    const misspelt: object = { tolerent: true };
    const near = await refusalOf(loadConfig(misspelt));
    expect(near.message).toContain('Did you mean "tolerant"?');
  });

  it.each([{ tolerant: 'yes' }, { only: ['a'] }, { prompt: 'p' }])('%j is refused', async (options) => {
    const { message } = await refusalOf(loadConfig(options as object));
    expect(message).toContain(`Option "${Object.keys(options).join()}" must be`);
  });
});

describe('a watched configuration that is tolerant', () => {
  it('leaves a server that breaks as it was, and takes up the others', async () => {
    const a = scripted();
    const path = configFile({ mcpServers: { a } });
    const config = await loadConfig({ path, env: {}, tolerant: true });
    const { group, next } = await watching(config);
    await next('reloaded');
    const pid = await pidOf(group, 'a');
    writeTo(path, { mcpServers: { a: { ...a, cwd: '${NOWHERE}' }, b: scripted() } });
    const { added, failed } = await next('reloaded');
    expect(added).toEqual(['b']);
    expect(failed.get('a')).toMatchObject({ code: 'CONFIG_INVALID', server: 'a' });
    expect(await pidOf(group, 'a')).toBe(pid);
    writeFileSync(path, JSON.stringify({ mcpServers: { a, c: scripted() } }));
    expect(await next('reloaded')).toMatchObject({ added: ['c'], changed: [], removed: ['b'] });
    expect(await pidOf(group, 'a')).toBe(pid);
  });
});
