import { describe, expect, it } from 'vitest';
import { modelTool, type ModelTool, type ModelToolOptions } from '../../src/toolkit/model-tool.ts';
import { genericDialect } from '../../src/toolkit/schema/dialects.ts';
import type { ScriptedTool } from '../../src/testing/index.ts';
import { connectGroup } from '../support/groups.ts';
import { local, requestsOf } from '../support/servers.ts';

async function connect(tool: ScriptedTool, options: ModelToolOptions = {}) {
  const server = local({ tools: [tool] });
  const group = await connectGroup({ servers: { box: { server } } });
  const [[name, definition] = []] = [...group.tools];
  if (name === undefined || definition === undefined) throw new Error('No tool');
  const outcome = modelTool(group, name, definition, genericDialect, options);
  if ('problem' in outcome) throw new Error(outcome.problem);
  return { server, tool: outcome.expressed satisfies ModelTool };
}

describe('M9 a tool in words that a model API takes', () => {
  it('its arguments reach the server in the form of the original', async () => {
    const branch = (key: string) => ({ properties: { [key]: { type: 'string' } }, required: [key] });
    const { server, tool } = await connect({
      name: 'find',
      inputSchema: { type: 'object', oneOf: [branch('id'), branch('name')] },
    });
    expect(tool.schema).not.toHaveProperty('oneOf');
    const [wrapper = ''] = Object.keys(tool.schema['properties'] as object);
    await tool.run({ [wrapper]: { name: 'Ada' } }, {});
    expect(requestsOf(server, 'tools/call')[0]?.params).toMatchObject({ arguments: { name: 'Ada' } });
  });

  it('a server is asked for progress only when somebody listens', async () => {
    const does = { type: 'progress', steps: 1 } as const;
    const quiet = await connect({ name: 'work', does });
    await quiet.tool.run({}, {});
    expect(requestsOf(quiet.server, 'tools/call')[0]?.params).not.toHaveProperty('_meta.progressToken');
    const reports: unknown[] = [];
    const loud = await connect({ name: 'work', does }, { onProgress: (_, call) => reports.push(call) });
    await loud.tool.run({}, { callId: 'c', onProgress: ({ progress }) => reports.push(progress) });
    expect(reports).toEqual([1, { tool: 'box__work', callId: 'c' }]);
  });

  it('what it is told of every call is told the server', async () => {
    const { server, tool } = await connect({ name: 'echo' }, { meta: { tenant: 'a' } });
    await tool.run({}, {});
    expect(requestsOf(server, 'tools/call')[0]?.params).toMatchObject({ _meta: { tenant: 'a' } });
  });
});
