import { describe, expect, it } from 'vitest';
import { inProcess, serveHttp, type ScriptedTool } from '../../../src/testing/index.ts';
import { ERAS, open } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';
import { textOf } from '../../support/results.ts';

const outputSchema = {
  type: 'object',
  properties: { celsius: { type: 'number' }, city: { type: 'string', minLength: 1 } },
  required: ['celsius'],
};
const content = [{ type: 'text', text: 'warm' }];

/** A tool with an output schema that returns `result` as it is. */
function returning(result: Record<string, unknown>): ScriptedTool {
  return { name: 'weather', outputSchema, does: { type: 'result', result } };
}

describe.each(ERAS)('S6 structured content, in the $era era', ({ protocol }) => {
  it('that fits the schema is handed on', async () => {
    await using server = inProcess({
      tools: [returning({ content, structuredContent: { celsius: 21.5, city: 'Graz', extra: true } })],
    });
    const { session } = await open(server, { protocol });
    await session.listTools();
    const result = await session.callTool('weather');
    expect(result.structuredContent).toEqual({ celsius: 21.5, city: 'Graz', extra: true });
    expect(textOf(result)).toBe('warm');
  });

  it.each([
    { title: 'missing', result: { content } },
    { title: 'of the wrong type', result: { content, structuredContent: { celsius: 'hot' } } },
    { title: 'incomplete', result: { content, structuredContent: { city: 'Graz' } } },
  ])('that is $title is INVALID_RESULT', async ({ result }) => {
    await using server = inProcess({ tools: [returning(result)] });
    const { session } = await open(server, { protocol });
    await session.listTools();
    const error = await failureOf(session.callTool('weather'));
    expect(error).toMatchObject({ code: 'INVALID_RESULT', server: 'tested' });
    expect(error.message).toContain('weather');
    expect(session.status.state).toBe('ready');
  });

  it('of a result with isError is not looked at', async () => {
    await using server = inProcess({
      tools: [returning({ content, isError: true, structuredContent: { celsius: 'hot' } })],
    });
    const { session } = await open(server, { protocol });
    await session.listTools();
    await expect(session.callTool('weather')).resolves.toMatchObject({ isError: true });
  });

  it('of a tool that was never listed is not turned into a failure, nor is the list asked for', async () => {
    await using server = inProcess({ tools: [returning({ content })] });
    const { session } = await open(server, { protocol });
    expect(textOf(await session.callTool('weather'))).toBe('warm');
    expect(server.requests.filter(({ method }) => method === 'tools/list')).toEqual([]);
  });

  it('of a tool that is hidden from the list', async () => {
    const wire = { name: 'other' };
    await using server = inProcess({ tools: [{ ...returning({ content }), wire }] });
    const { session } = await open(server, { protocol });
    await session.listTools();
    expect(textOf(await session.callTool('weather'))).toBe('warm');
  });

  it('is measured by the schema that was listed last', async () => {
    const result = { content, structuredContent: { celsius: 'hot' } };
    await using server = inProcess({ tools: [returning(result)] });
    const { session } = await open(server, { protocol });
    await session.listTools();
    expect((await failureOf(session.callTool('weather'))).code).toBe('INVALID_RESULT');
    server.setTools([{ name: 'weather', does: { type: 'result', result } }]);
    await session.listTools();
    await expect(session.callTool('weather')).resolves.toMatchObject(result);
  });

  it('is checked on every page of the list', async () => {
    const fillers = Array.from({ length: 5 }, (_, n) => ({ name: `filler-${n}` }));
    await using server = inProcess({ tools: [returning({ content }), ...fillers], pageSize: 1 });
    const { session } = await open(server, { protocol });
    expect((await session.listTools()).tools).toHaveLength(6);
    expect((await failureOf(session.callTool('weather'))).code).toBe('INVALID_RESULT');
  });

  it('with a schema that no validator takes does not cost the other tools', async () => {
    const bad = { type: 'object', properties: { a: { $ref: '#/nowhere' }, b: { type: 'no-such-type' } } };
    await using server = inProcess({
      tools: [
        {
          name: 'bad',
          outputSchema: bad,
          does: { type: 'result', result: { content, structuredContent: {} } },
        },
        { name: 'echo' },
      ],
    });
    const { session } = await open(server, { protocol });
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(['bad', 'echo']);
    await expect(session.callTool('echo')).resolves.toBeDefined();
    const outcome = await session.callTool('bad').then(
      () => 'a result',
      (error: { code: string }) => error.code,
    );
    expect(['a result', 'INVALID_RESULT']).toContain(outcome);
  });
});

describe.each(ERAS)('S6 results that are none, with strict checks, in the $era era', ({ protocol }) => {
  it.each([
    { title: 'content that is no list', result: { content: 'warm' } },
    { title: 'content of a type nobody knows', result: { content: [{ type: 'smell', data: 1 }] } },
    { title: 'a text without a text', result: { content: [{ type: 'text' }] } },
  ])('$title is INVALID_RESULT', async ({ result }) => {
    await using server = inProcess({ tools: [{ name: 'odd', does: { type: 'result', result } }] });
    const { session } = await open(server, { protocol, checks: 'strict' });
    const error = await failureOf(session.callTool('odd'));
    expect(error).toMatchObject({ code: 'INVALID_RESULT', server: 'tested' });
    expect(error.message).toContain('odd');
    expect(session.status.state).toBe('ready');
  });

  it('fields that nobody knows are handed on', async () => {
    const result = {
      content: [{ type: 'text', text: 'a', annotations: { priority: 1 } }],
      'x-extra': { a: 1 },
      _meta: { b: 2 },
    };
    await using server = inProcess({ tools: [{ name: 'odd', does: { type: 'result', result } }] });
    const { session } = await open(server, { protocol });
    const answer = await session.callTool('odd');
    expect(answer).toMatchObject({ 'x-extra': { a: 1 } });
    expect(answer._meta).toMatchObject({ b: 2 });
  });
});

describe('S6 over HTTP', () => {
  it.each(['json', 'sse'] as const)('wrong structured content in %s is INVALID_RESULT', async (answers) => {
    await using server = await serveHttp({ tools: [returning({ content })] }, { answers });
    const { session } = await open(server.url);
    await session.listTools();
    expect((await failureOf(session.callTool('weather'))).code).toBe('INVALID_RESULT');
  });
});
