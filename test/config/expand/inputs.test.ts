import { describe, expect, it } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import { load, problemsOf, refusalOf } from '../support/loading.ts';

const inputs = [
  { type: 'promptString', id: 'token', password: true },
  { type: 'pickString', id: 'size', options: ['s', 'm'] },
  { type: 'command', id: 'cmd', command: 'x' },
];
const wanting = (...ids: string[]): object => ({
  inputs,
  servers: { a: { command: 'a', args: ids.map((id) => `\${input:${id}}`) } },
});

describe('values that a file asks for', () => {
  it('each is asked for once, in the order of the file, and none that nothing wants', async () => {
    const asked: string[] = [];
    const { servers } = await load(wanting('size', 'token', 'size'), {
      prompt: async ({ id }) => {
        asked.push(id);
        return id === 'size' ? 'm' : 'a ${b}';
      },
    });
    expect(asked).toEqual(['size', 'token']);
    expect(servers).toEqual({ a: { command: 'a', args: ['m', 'a ${b}', 'm'] } });
  });

  it('without anybody to ask, they are problems that name the field', async () => {
    expect(await problemsOf(load(wanting('token')))).toEqual([
      expect.stringMatching(
        /^servers\.a\.args\[0\]: wants the input "token", and there is nobody to ask.*loadConfig.*"prompt"/,
      ),
    ]);
  });

  it('nobody is asked for a file that has other problems', async () => {
    const content = { ...wanting('token'), plenum: { strict: 'yes' } };
    const asking = load(content, {
      prompt: () => {
        throw new Error('was asked');
      },
    });
    expect(await problemsOf(asking)).toEqual(['plenum.strict: found a string, allowed true or false']);
  });

  it('an answer is checked as any value, and not shown', async () => {
    const content = { inputs, servers: { a: { url: '${input:token}' } } };
    const error = await refusalOf(load(content, { prompt: () => 'not-a-url' }));
    expect(error.message).toContain('servers.a.url: found what a string expands to, allowed a whole URL');
    expect(error.message).not.toContain('not-a-url');
  });

  it.each([
    ['nope', 'wants the input "nope", which "inputs" does not describe. Known: "token", "size", "cmd".'],
    ['tokens', 'wants the input "tokens", which "inputs" does not describe. Did you mean "token"?'],
    ['cmd', 'wants the input "cmd", which runs a command; nothing is run to get a value'],
  ])('an input that cannot be had: %s', async (id, message) => {
    expect(await problemsOf(load(wanting(id), { prompt: () => 'x' }))).toEqual([
      `servers.a.args[0]: ${message}`,
    ]);
  });

  it('an answer that is none of the options', async () => {
    const error = await refusalOf(load(wanting('size'), { prompt: () => 'xl' }));
    expect(error.message).toBe('Asking for the input "size": the answer is none of its options.');
  });

  it('an answer that is no text', async () => {
    const error = await refusalOf(load(wanting('token'), { prompt: () => JSON.parse('5') as string }));
    expect(error.message).toContain('must be a string, not 5');
  });

  it('a prompt that fails', async () => {
    const error = await refusalOf(
      load(wanting('token'), { prompt: () => Promise.reject(new Error('no terminal')) }),
    );
    expect(error.message).toBe('Asking for the input "token": no terminal');
  });

  it('a prompt that is given up keeps its own error', async () => {
    const given = new PlenumError('ABORTED', 'Given up.');
    const loading = load(wanting('token'), { prompt: () => Promise.reject(given) });
    await expect(loading).rejects.toBe(given);
  });

  it.each([
    [{}, 'inputs: found an object, allowed an array of inputs'],
    [['x'], 'inputs[0]: found a string, allowed an object with "id" and "type"'],
    [[{ type: 'promptString' }], 'inputs[0].id: found nothing, allowed a name'],
    [[{ id: 'a', type: 'guess' }], 'inputs[0].type: found a string, allowed "promptString" or "pickString"'],
    [
      [{ id: 'a', type: 'pickString' }],
      'inputs[0].options: found nothing, allowed an array of strings, or of objects with "label" and "value"',
    ],
    [
      [{ id: 'a', type: 'pickString', options: [1] }],
      'inputs[0].options: found an array, allowed an array of strings, or of objects with "label" and "value"',
    ],
    [[inputs[0], inputs[0]], 'inputs[1].id: found "token" a second time; an id stands once'],
  ])('a description that is none: %j', async (given, problem) => {
    expect(await problemsOf(load({ inputs: given, servers: {} }))).toEqual([problem]);
  });
});
