import { describe, expect, it } from 'vitest';
import { PlenumError, type SessionGroup } from '../../src/index.ts';
import { runTool } from '../../src/toolkit/run-tool.ts';
import { createToolkit } from '../../src/toolkit/toolkit.ts';
import type { ToolSource } from '../../src/toolkit/tool-source.ts';
import { bounded, eventually } from '../support/eventually.ts';
import { failureOf } from '../support/failures.ts';
import { connectGroup } from '../support/groups.ts';
import { local, requestsOf, tools } from '../support/servers.ts';
import { stdioSpec, type ServerScript } from '../../src/testing/index.ts';
import { textOf } from '../support/results.ts';

async function group(script: ServerScript) {
  const server = local(script);
  return { server, source: await connectGroup({ servers: { s: { server } } }) };
}

/** A source whose calls fail. */
function failing(error: unknown): ToolSource {
  return { tools: new Map(), callTool: () => Promise.reject(error) };
}

describe('M9 the result that a model gets of a call', () => {
  it('is the result of the tool', async () => {
    const { source } = await group({ tools: tools('echo') });
    const result = await runTool(source, 's__echo', { a: 1 });
    expect(result.isError).toBeUndefined();
    expect(textOf(result)).toBe('{"a":1}');
  });

  it.each([
    ['JSON text', '{"a":1}', '{"a":1}'],
    ['an empty text', ' ', '{}'],
    ['nothing', undefined, '{}'],
    ['null', null, '{}'],
  ])('takes arguments that are %s', async (_, args, echoed) => {
    const { source } = await group({ tools: tools('echo') });
    expect(textOf(await runTool(source, 's__echo', args))).toBe(echoed);
  });

  it.each([
    ['broken JSON', '{"a":', 'not valid JSON'],
    ['a list', '[1]', 'must be an object'],
    ['a number', 7, 'must be an object'],
  ])('refuses arguments that are %s, and sends nothing', async (_, args, why) => {
    const { server, source } = await group({ tools: tools('echo') });
    const result = await runTool(source, 's__echo', args);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain(why);
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('names the nearest tools for one that is not there', async () => {
    const { source } = await group({ tools: tools('search_files') });
    const result = await runTool(source, 's__search_file', {});
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('"s__search_files"');
  });

  it.each([
    ['the group itself', (group: SessionGroup): ToolSource => group],
    ['a toolkit', (group: SessionGroup): ToolSource => createToolkit(group)],
  ])('C1 says of %s that a server is not available, and nothing of why', async (_, sourceOf) => {
    const url = 'http://127.0.0.1:1/mcp?key=hunter2';
    const group = await connectGroup({
      servers: {
        web: { url, reconnect: false },
        bad: { ...stdioSpec({ faults: { exitAtStart: { code: 3, stderr: 'hunter2' } } }), reconnect: false },
        good: { server: local({ tools: tools('echo'), resources: [{ uri: 'r:1' }] }) },
      },
    });
    const source = sourceOf(group);
    for (const [tool, said] of [
      ['web__x', 'There is no "web__x" now: server "web" is not available. Try later, or go on without it.'],
      ['bad__x', 'There is no "bad__x" now: server "bad" is not available. Try later, or go on without it.'],
      ['good__ecko', 'There is no tool "good__ecko". Did you mean "good__echo"?'],
      ['nothing at all', 'There is no tool "nothing at all".'],
    ] as const) {
      const result = await runTool(source, tool);
      expect(result.isError).toBe(true);
      expect(textOf(result)).toBe(said);
    }
    const withResources = createToolkit(group, { resources: true });
    const reader = [...withResources.tools.keys()].find((name) => name.includes('read_resource')) ?? 'none';
    const missing = textOf(await runTool(withResources, reader, { uri: 'r:2' }));
    expect(missing).not.toMatch(/hunter2|127\.0\.0\.1|exited/);
  });

  it('rejects for what is no source', async () => {
    for (const given of [undefined, null, 5, {}, Promise.resolve({})])
      expect((await failureOf(runTool(given as never, 'x'))).code).toBe('CONFIG_INVALID');
  });

  it('says that a tool took too long, and that it may have run', async () => {
    const { source } = await group({ tools: [{ name: 'hang', does: { type: 'hang' } }] });
    const result = await runTool(source, 's__hang', {}, { timeoutMs: 50 });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('Tool "s__hang" gave no answer in time. It may have run anyway.');
  });

  it('says what the server said to a protocol error', async () => {
    const does = { type: 'rpcError', code: -32000, message: 'No such\nbranch' } as const;
    const { source } = await group({ tools: [{ name: 'merge', does }] });
    const result = await runTool(source, 's__merge', {});
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe('Tool "s__merge" failed: No such\\u{a}branch');
  });

  it('does not show the standard error of a server that died', async () => {
    const source = await connectGroup({
      servers: {
        s: {
          ...stdioSpec({
            tools: [{ name: 'crash', does: { type: 'crash' } }],
            faults: { stderr: 'password=hunter2' },
          }),
          reconnect: false,
        },
      },
    });
    const told: unknown[] = [];
    const options = { onError: (error: unknown) => void told.push(error) };
    const first = await runTool(source, 's__crash', {}, options);
    const second = await runTool(source, 's__crash', {}, options);
    for (const result of [first, second]) {
      expect(result.isError).toBe(true);
      expect(textOf(result)).not.toContain('hunter2');
    }
    expect(textOf(first)).toContain('It may have run');
    expect(told).toHaveLength(2);
    expect(told[0]).toMatchObject({ code: 'CONNECTION_LOST', server: 's' });
  });

  it.each([
    ['AUTH_REQUIRED', 'sign in'],
    ['NOT_CONNECTED', 'Try later'],
    ['CIRCUIT_OPEN', 'Try later'],
    ['CONFIG_INVALID', 'not set up'],
    ['INVALID_RESULT', 'cannot be used'],
    ['SESSION_CLOSED', 'Try later'],
  ] as const)('puts %s in words of its own', async (code, words) => {
    const source = failing(new PlenumError(code, 'https://u:secret@host refused', { server: 'Drive' }));
    const result = await runTool(source, 'x', {});
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain(words);
    expect(textOf(result)).not.toContain('secret');
    expect(textOf(result)).not.toContain('drive');
  });

  it('says what the user is to do, and not where', async () => {
    const elicitations = [
      { elicitationId: '1', message: 'Link your account', url: 'https://x/?state=secret' },
    ];
    const source = failing(new PlenumError('URL_ELICITATION_REQUIRED', 'visit', { elicitations }));
    const text = textOf(await runTool(source, 'x', {}));
    expect(text).toContain('Link your account');
    expect(text).not.toContain('secret');
  });

  it('says little of an error that is not its own, and gives it to the program', async () => {
    const broken = new TypeError('token abc is undefined');
    const told: unknown[] = [];
    const result = await runTool(failing(broken), 'x', {}, { onError: (error) => void told.push(error) });
    expect(textOf(result)).toBe('Tool "x" failed in the program that runs it.');
    expect(told).toEqual([broken]);
  });

  it('does not depend on who wants to know of errors', async () => {
    const onError = (): void => {
      throw new Error('no');
    };
    expect((await runTool(failing(new Error('x')), 'x', {}, { onError })).isError).toBe(true);
  });
});

describe('M9 giving a call of a model up', () => {
  it('rejects with ABORTED, and tells the server', async () => {
    const { server, source } = await group({
      tools: [{ name: 'wait', does: { type: 'sleepUntilCancelled' } }],
    });
    const controller = new AbortController();
    const failure = failureOf(runTool(source, 's__wait', {}, { signal: controller.signal }));
    await eventually('the call arrives', () => requestsOf(server, 'tools/call').length === 1);
    controller.abort(new Error('enough'));
    expect(await bounded('the rejection', failure)).toMatchObject({ code: 'ABORTED' });
    await eventually('the server is told', () => server.cancelled.length === 1);
  });

  it('asks nobody when it is given up already', async () => {
    const { server, source } = await group({ tools: tools('echo') });
    const failure = await failureOf(runTool(source, 's__echo', {}, { signal: AbortSignal.abort() }));
    expect(failure).toMatchObject({ code: 'ABORTED', maybeExecuted: false });
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('is the caller only who can: what else was given up is a result', async () => {
    const source = failing(new PlenumError('ABORTED', 'given up by an interceptor'));
    const { signal } = new AbortController();
    expect((await runTool(source, 'x', {}, { signal })).isError).toBe(true);
  });

  it('rejects with ABORTED whatever the source made of it', async () => {
    const controller = new AbortController();
    const source: ToolSource = {
      tools: new Map(),
      callTool: () => {
        controller.abort();
        return Promise.reject(new TypeError('fetch failed'));
      },
    };
    const failure = await failureOf(runTool(source, 'x', {}, { signal: controller.signal }));
    expect(failure.code).toBe('ABORTED');
  });
});
