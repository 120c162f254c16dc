import { describe, expect, it } from 'vitest';
import { anthropicToolkit } from '../../src/toolkit/anthropic/index.ts';
import { openaiToolkit } from '../../src/toolkit/openai/index.ts';
import type { ToolSource } from '../../src/toolkit/tool-source.ts';

const source: ToolSource = { tools: new Map(), callTool: () => Promise.reject(new Error('not called')) };
const openai = openaiToolkit(source);
const anthropic = anthropicToolkit(source);

describe('M9 what a model answered', () => {
  it('is not taken for an answer without calls when it is something else', async () => {
    const refused = { code: 'CONFIG_INVALID' };
    const completion: object = { choices: [{ message: { tool_calls: [] } }] };
    const response: object = { output: [] };
    const none: unknown = undefined;
    await expect(openai.handleToolCalls(completion)).rejects.toMatchObject(refused);
    await expect(openai.handleToolCalls(response)).rejects.toMatchObject(refused);
    await expect(openai.handleToolCalls(none as object)).rejects.toMatchObject(refused);
    type Response = Parameters<typeof openai.responses.handleToolCalls>[0];
    await expect(openai.responses.handleToolCalls(completion as Response)).rejects.toMatchObject(refused);
    const list: unknown = [];
    type Message = Parameters<typeof anthropic.handleToolUse>[0];
    await expect(anthropic.handleToolUse(list as Message)).rejects.toMatchObject(refused);
  });

  it('may have no calls', async () => {
    expect(await openai.handleToolCalls({})).toEqual({ messages: [], calls: [] });
    expect(await openai.responses.handleToolCalls({ output: [] })).toEqual({ items: [], calls: [] });
    expect(await anthropic.handleToolUse({ content: [] })).toEqual({ messages: [], calls: [] });
  });
});
