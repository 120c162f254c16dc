import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { ToolInterceptor } from '../../../src/index.ts';
import { anthropicToolkit } from '../../../src/toolkit/anthropic/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { openaiToolkit } from '../../../src/toolkit/openai/index.ts';
import type { Approval } from '../../../src/toolkit/policy/tool-policy.ts';
import { withPolicy } from '../../../src/toolkit/policy/with-policy.ts';
import { runTool } from '../../../src/toolkit/run-tool.ts';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import type { ToolDefinition, ToolSource } from '../../../src/toolkit/tool-source.ts';
import { eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';
import { textOf } from '../../support/results.ts';
import { newFolder } from '../../support/folders.ts';

const AT_ONCE = 20_000;

describe('M9 approvals that go wrong', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

  async function approved(approve: (args: unknown) => unknown) {
    const server = local({ tools: [{ name: 't', inputSchema: schema }] });
    const group = await connectGroup({ servers: { s: { server } } });
    const source = withPolicy(group, { approve: ({ args }) => approve(args) as Approval });
    return { server, source };
  }

  it.each<[string, (args: unknown) => unknown]>([
    [
      'throw',
      () => {
        throw new Error('secret');
      },
    ],
    ['reject', () => Promise.reject(new Error('secret'))],
    ['answer nothing', () => undefined],
    ['answer with a word', () => 'yes'],
    ['answer with arguments that do not fit', () => ({ args: { n: 'x' } })],
    ['answer with arguments that are no data', () => ({ args: { n: () => 1 } })],
    ['answer with a list', () => ({ args: [1] })],
    ['answer with a promise of a promise of no', () => Promise.resolve(Promise.resolve(false))],
    [
      'change what they were asked about',
      (args) => {
        Object.assign(args as object, { n: 2 });
        return true;
      },
    ],
  ])('%s: nothing is sent, the model has its answer, and it holds no secret', async (_, approve) => {
    const { server, source } = await approved(approve);
    const result = await runTool(source, 's__t', { n: 1 });
    expect(result.isError).toBe(true);
    expect(textOf(result)).not.toContain('secret');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('hang: the caller can give up, and what is answered later is of no use', async () => {
    const answers: ((answer: boolean) => void)[] = [];
    const { server, source } = await approved(() => new Promise<boolean>((resolve) => answers.push(resolve)));
    const controller = new AbortController();
    const calls = Array.from({ length: 50 }, () =>
      failureOf(runTool(source, 's__t', { n: 1 }, { signal: controller.signal })),
    );
    await eventually('all are asked', () => answers.length === 50);
    controller.abort();
    for (const { code } of await Promise.all(calls)) expect(code).toBe('ABORTED');
    for (const answer of answers) answer(true);
    await source.callTool('s__t', { n: 1 }, { signal: AbortSignal.abort() }).catch(() => {});
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('come after the tool has become another: nothing is sent', async () => {
    const server = local({ tools: tools('t') });
    const group = await connectGroup({ servers: { s: { server } } });
    let allow: (answer: boolean) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      allow = () => resolve();
    });
    const source = withPolicy(group, { approve: () => asked.then(() => true) });
    const call = runTool(source, 's__t', {});
    server.setTools([{ name: 't', description: 'Wires money.' }]);
    await eventually('the change', () => group.tools.get('s__t')?.description !== undefined);
    allow(true);
    expect(textOf(await call)).toContain('it changed while the call waited');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });

  it('come after the server has gone', async () => {
    const server = local({ tools: tools('t') });
    const group = await connectGroup({ servers: { s: { server } } });
    const source = withPolicy(group, {
      approve: async () => {
        await group.remove('s');
        return true;
      },
    });
    expect(textOf(await runTool(source, 's__t', {}))).toContain('There is no tool');
    expect(requestsOf(server, 'tools/call')).toEqual([]);
  });
});

describe('M9 interceptors that go wrong', () => {
  async function intercepted(...interceptors: ToolInterceptor[]) {
    const server = local({ tools: tools('t') });
    return { server, group: await connectGroup({ servers: { s: { server } }, interceptors }) };
  }

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'done'],
    ['a list', []],
    ['an object that is no result', {}],
    ['content that is no list', { content: 'x' }],
  ])('returning %s is INVALID_RESULT, and the model has its answer', async (_, value) => {
    const { group } = await intercepted(() => value as CallToolResult);
    expect((await failureOf(group.callTool('s__t'))).code).toBe('INVALID_RESULT');
    const kit = openaiToolkit(createToolkit(group, { results: true }));
    const call = { id: 'a', type: 'function' as const, function: { name: 's__t', arguments: '{}' } };
    expect((await kit.handleToolCalls({ tool_calls: [call] })).messages).toHaveLength(1);
  });

  it('never settling, ends with the caller, and with the group', async () => {
    const { group } = await intercepted(() => new Promise(() => {}));
    const controller = new AbortController();
    const given = failureOf(runTool(group, 's__t', {}, { signal: controller.signal }));
    const bounded = runTool(group, 's__t', {}, { maxTotalTimeoutMs: 50 });
    const left = runTool(group, 's__t', {});
    controller.abort();
    expect((await given).code).toBe('ABORTED');
    expect(textOf(await bounded)).toContain('no answer in time');
    await group.destroy();
    expect((await left).isError).toBe(true);
  });

  it(
    'calling next a thousand times and going away',
    async () => {
      const { group } = await intercepted((_, next) => {
        for (let nr = 0; nr < 1000; nr++) void next();
        return { content: [{ type: 'text', text: 'gone' }] };
      });
      expect(textOf(await group.callTool('s__t'))).toBe('gone');
      await group.close();
    },
    AT_ONCE,
  );

  it(
    'closing the group from within',
    async () => {
      const { group } = await intercepted(async (_, next) => {
        void group.close();
        return next();
      });
      const result = await runTool(group, 's__t', {}, { timeoutMs: 2000 });
      expect(result.content).toHaveLength(1);
      await group.closed;
    },
    AT_ONCE,
  );
});

describe('M9 downloads of a hostile server', () => {
  it(
    'thousands of empty files at once are not saved, nor are endless addresses told',
    async () => {
      const around = newFolder();
      const contents = Array.from({ length: 5000 }, () => ({ uri: `x:/${'a'.repeat(5000)}`, text: '' }));
      const group = await connectGroup({ servers: { s: { server: local({ tools: tools('t') }) } } });
      const source = {
        tools: group.tools,
        catalog: {
          ...group.catalog,
          resources: new Map([['x:/a', { uri: 'x:/a', name: 'a', server: 's', upstreamName: 'x:/a' }]]),
        },
        callTool: group.callTool.bind(group),
        getPrompt: () => Promise.reject(new Error('none')),
        readResource: () => Promise.resolve({ contents }),
      };
      const toolkit = createToolkit(source, { resources: { downloadTo: join(around, 'files') } });
      const result = await runTool(toolkit, 's__read_resource', { uri: 'x:/a' });
      expect(result.isError).toBe(true);
      expect(readdirSync(join(around, 'files')).length).toBe(100);
      expect(textOf(result).length).toBeLessThan(300_000);
    },
    AT_ONCE,
  );
});

describe('M9 many tools and many turns', () => {
  function many(count: number): { source: ToolSource; change: () => void } {
    const tool = (nr: number): [string, ToolDefinition] => [
      `t${nr}`,
      {
        name: `t${nr}`,
        description: `Does ${nr}.`,
        inputSchema: { type: 'object', properties: { a: { type: 'string' } } },
      },
    ];
    let all = new Map(Array.from({ length: count }, (_, nr) => tool(nr)));
    let turn = 0;
    return {
      source: {
        get tools() {
          return all;
        },
        callTool: () => Promise.resolve({ content: [] }),
      },
      change: () => {
        const nr = turn++ % count;
        all = new Map(all);
        all.set(...tool(nr));
      },
    };
  }

  it(
    'reading ten thousand tools in a hot loop costs no conversion',
    () => {
      const { source } = many(10_000);
      const policed = withPolicy(source, { deny: ['*never*'] });
      const kits = [openaiToolkit(policed), anthropicToolkit(policed), langchainToolkit(policed)];
      for (let turn = 0; turn < 300; turn++) {
        for (const kit of kits) {
          expect(kit.tools.length).toBeGreaterThan(0);
          expect(kit.problems.length).toBeLessThan(10_000);
        }
      }
    },
    AT_ONCE,
  );

  it(
    'a thousand changes keep no more than the last',
    () => {
      const { source, change } = many(500);
      const policed = withPolicy(source, { deny: ['*never*'] });
      const kit = openaiToolkit(policed, { maxTools: 1000 });
      const before = kit.tools;
      for (let turn = 0; turn < 1000; turn++) {
        change();
        expect(kit.tools).toHaveLength(500);
      }
      expect(kit.tools[0]).not.toBe(before[0]);
    },
    AT_ONCE,
  );
});
