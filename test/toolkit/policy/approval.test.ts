import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../../src/internal/deferred.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import type { Approval, ToolCallRequest, ToolPolicy } from '../../../src/toolkit/policy/tool-policy.ts';
import { withPolicy } from '../../../src/toolkit/policy/with-policy.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { textOf } from '../../support/results.ts';

const DELETE: ServerScript = {
  tools: [
    {
      name: 'delete',
      inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
    },
  ],
};

async function asking(approve: NonNullable<ToolPolicy['approve']>, rest: ToolPolicy = {}) {
  const server = local(DELETE);
  const group = await connectGroup({ servers: { s: { server } } });
  const calls = (): unknown[] => requestsOf(server, 'tools/call').map(({ params }) => params['arguments']);
  return { server, group, calls, source: withPolicy(group, { approve, ...rest }) };
}

describe('M9 approval before a call', () => {
  it('is asked with what would be sent, and lets it through', async () => {
    const asked: ToolCallRequest[] = [];
    const { calls, source } = await asking((call) => asked.push(call) > 0, { rename: { s__delete: 'rm' } });
    expect(textOf(await source.callTool('rm', { path: 'a' }))).toBe('{"path":"a"}');
    expect(asked).toMatchObject([
      { name: 'rm', args: { path: 'a' }, tool: { server: 's', upstreamName: 'delete' } },
    ]);
    expect(calls()).toEqual([{ path: 'a' }]);
  });

  it('tells the model why not, and sends nothing', async () => {
    const { calls, source } = await asking(() => ({ refuse: 'ask for a backup first' }));
    const result = await source.callTool('s__delete', { path: 'a' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('The call of tool "s__delete" was refused: ask for a backup first');
    expect(calls()).toEqual([]);
  });

  it('may refuse without a reason', async () => {
    const { calls, source } = await asking(() => Promise.resolve(false));
    const result = await source.callTool('s__delete', { path: 'a' });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('The call of tool "s__delete" was refused.');
    expect(calls()).toEqual([]);
  });

  it('may send other arguments, which are checked as well', async () => {
    const answers: Approval[] = [{ args: { path: 'b' } }, { args: { path: 7 } }];
    const { calls, source } = await asking(() => answers.shift() ?? false);
    expect(textOf(await source.callTool('s__delete', { path: 'a' }))).toBe('{"path":"b"}');
    const failure = await failureOf(source.callTool('s__delete', { path: 'a' }));
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENTS', data: { problems: [{ path: '/path' }] } });
    expect(calls()).toEqual([{ path: 'b' }]);
  });

  it('is not asked about a call that cannot be made', async () => {
    let asked = 0;
    const { source } = await asking(() => ++asked > 0, { deny: ['*_other'] });
    await failureOf(source.callTool('s__delete', { path: 7 }));
    await failureOf(source.callTool('s__other', {}));
    await failureOf(source.callTool('s__delete', { path: 'a' }, { signal: AbortSignal.abort() }));
    expect(asked).toBe(0);
  });

  it('sends what was approved, whatever its caller has made of it since', async () => {
    const answer = createDeferred<Approval>();
    const { calls, source } = await asking(() => answer.promise);
    const args = { path: 'harmless' };
    const result = source.callTool('s__delete', args);
    args.path = 'everything';
    answer.resolve(true);
    await result;
    expect(calls()).toEqual([{ path: 'harmless' }]);
  });

  it('cannot edit in passing', async () => {
    const { calls, source } = await asking(({ args }) => Reflect.set(args, 'path', 'other') || true);
    await source.callTool('s__delete', { path: 'a' });
    expect(calls()).toEqual([{ path: 'a' }]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['answers nothing', () => undefined, /must answer true, false/],
    ['answers in words', () => 'yes', /must answer true, false/],
    ['answers with arguments that are none', () => ({ args: [] }), /must answer true, false/],
    ['throws', () => Promise.reject(new Error('no terminal')), /no terminal/],
  ])('lets nothing through when it %s', async (_, approve, message) => {
    const { calls, source } = await asking(approve as () => Approval);
    const failure = await failureOf(source.callTool('s__delete', { path: 'a' }));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID', server: 's', maybeExecuted: false });
    expect(failure.message).toMatch(message);
    expect(calls()).toEqual([]);
  });

  it('takes arguments only that are data', async () => {
    const { source } = await asking(() => true);
    const failure = await failureOf(source.callTool('s__delete', { path: 'a', onDone: () => {} }));
    expect(failure).toMatchObject({ code: 'INVALID_ARGUMENTS', maybeExecuted: false });
  });
});

describe('M9 what happens while somebody is asked', () => {
  it('the caller may give up: the call rejects at once, and who is asked can tell', async () => {
    let signal: AbortSignal | undefined;
    const { calls, source } = await asking((call) => {
      signal = call.signal;
      return new Promise(() => {});
    });
    const controller = new AbortController();
    const failure = failureOf(source.callTool('s__delete', { path: 'a' }, { signal: controller.signal }));
    await eventually('the question', () => signal !== undefined);
    expect(signal?.aborted).toBe(false);
    controller.abort();
    expect(await bounded('the rejection', failure)).toMatchObject({ code: 'ABORTED', maybeExecuted: false });
    expect(signal?.aborted).toBe(true);
    expect(calls()).toEqual([]);
  });

  it('the timeout of the call does not run', async () => {
    const answer = createDeferred<Approval>();
    const { source } = await asking(() => answer.promise);
    const result = source.callTool('s__delete', { path: 'a' }, { timeoutMs: 1000 });
    setTimeout(() => answer.resolve(true), 1100);
    expect(textOf(await result)).toBe('{"path":"a"}');
  });

  it('a tool that changes under the question is not called', async () => {
    const answer = createDeferred<Approval>();
    const { server, calls, source } = await asking(() => answer.promise);
    const result = source.callTool('s__delete', { path: 'a' });
    server.setTools([{ name: 'delete', description: 'Deletes everything.' }]);
    await eventually('the change', () => source.tools.get('s__delete')?.description !== undefined);
    answer.resolve(true);
    expect(textOf(await result)).toContain('it changed while the call waited for approval');
    expect((await result).isError).toBe(true);
    expect(calls()).toEqual([]);
  });

  it('a tool that goes away is unknown', async () => {
    const answer = createDeferred<Approval>();
    const { server, source } = await asking(() => answer.promise);
    const failure = failureOf(source.callTool('s__delete', { path: 'a' }));
    server.setTools(tools('other'));
    await eventually('the change', () => !source.tools.has('s__delete'));
    answer.resolve(true);
    expect((await failure).code).toBe('UNKNOWN_TOOL');
  });

  it('other tools may change as they like', async () => {
    const answer = createDeferred<Approval>();
    const { server, source } = await asking(() => answer.promise);
    const result = source.callTool('s__delete', { path: 'a' });
    server.setTools([...(DELETE.tools ?? []), { name: 'other' }]);
    await eventually('the change', () => source.tools.has('s__other'));
    answer.resolve(true);
    expect(textOf(await result)).toBe('{"path":"a"}');
  });
});
