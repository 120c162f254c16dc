import { describe, expect, it } from 'vitest';
import { expectToolSource } from '../../src/toolkit/tool-source.ts';
import { mcpToolkit } from '../../src/toolkit/mcp/index.ts';
import { withPolicy } from '../../src/toolkit/policy/with-policy.ts';
import { withBoundedResults } from '../../src/toolkit/results/with-bounded-results.ts';
import { createToolkit } from '../../src/toolkit/toolkit.ts';
import { connectGroup } from '../support/groups.ts';
import { local } from '../support/servers.ts';

describe('M9 what tools come from', () => {
  it('a group, and whatever is around one, will do', async () => {
    const group = await connectGroup({ servers: { box: { server: local({ tools: [{ name: 'echo' }] }) } } });
    expectToolSource(group);
    expectToolSource(createToolkit(group));
    expect(mcpToolkit(createToolkit(group)).tools).toHaveLength(1);
  });

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /this is undefined/],
    ['null', null, /this is null/],
    ['a promise of a toolkit', Promise.resolve(), /await it first/],
    ['a session', { callTool: () => {}, listTools: () => {} }, /await createToolkit\(session\)/],
    ['options', { servers: {} }, /without "tools" and "callTool"/],
  ])('%s is not taken for a source that has no tools', (_, source, message) => {
    const refused = expect.objectContaining({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message) as string,
    }) as Error;
    const given = source as Parameters<typeof withPolicy>[0];
    expect(() => expectToolSource(source)).toThrow(refused);
    expect(() => mcpToolkit(given)).toThrow(refused);
    expect(() => withPolicy(given, {})).toThrow(refused);
    expect(() => withBoundedResults(given)).toThrow(refused);
  });

  it('a toolkit is not made of a promise, nor with options that nobody reads', async () => {
    const group = await connectGroup({ servers: {} });
    const promise: unknown = Promise.resolve(group);
    expect(() => createToolkit(promise as typeof group)).toThrow(/await it first/);
    const misspelt = { polcy: { deny: ['*'] } };
    expect(() => createToolkit(group, misspelt as object)).toThrow(
      /"polcy" is not known\. Did you mean "policy"/,
    );
  });
});
