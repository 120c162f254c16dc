import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import Anthropic from '@anthropic-ai/sdk';
import { HumanMessage, type BaseMessage } from '@langchain/core/messages';
import { ChatAnthropic } from '@langchain/anthropic';
import { generateText, isStepCount, type ModelMessage } from 'ai';
import OpenAI from 'openai';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { anthropicToolkit } from '../../../src/toolkit/anthropic/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { openaiToolkit } from '../../../src/toolkit/openai/index.ts';
import type { ToolSource } from '../../../src/toolkit/tool-source.ts';
import type { ModelApi } from '../support/model-api.ts';

/** A conversation with a model that may use tools: all that the program knows of an SDK. */
export interface Assistant {
  /** Asks, runs what the model calls until it is done, and gives what it says. */
  ask(question: string): Promise<string>;
}

/** What differs from SDK to SDK. */
export type Sdk = (source: ToolSource, api: ModelApi) => Assistant;

const MAX_STEPS = 5;

const aiSdk: Sdk = (source, api) => {
  const provider = createOpenAICompatible({
    name: 'scripted',
    baseURL: api.openai,
    supportsMultiPartToolContent: true,
  });
  const kit = aiSdkToolkit(source);
  const messages: ModelMessage[] = [];
  return {
    ask: async (question) => {
      messages.push({ role: 'user', content: question });
      const { text, responseMessages } = await generateText({
        model: provider('scripted'),
        tools: kit.tools,
        messages,
        stopWhen: isStepCount(MAX_STEPS),
        maxRetries: 0,
      });
      messages.push(...responseMessages);
      return text;
    },
  };
};

const chatCompletions: Sdk = (source, api) => {
  const client = new OpenAI({ apiKey: 'none', baseURL: api.openai, maxRetries: 0 });
  const kit = openaiToolkit(source, { images: 'user-message' });
  const messages: OpenAI.Chat.Completions.ChatCompletionMessageParam[] = [];
  return {
    ask: async (question) => {
      messages.push({ role: 'user', content: question });
      const turn = kit.snapshot();
      for (;;) {
        const { tools } = turn;
        const { choices } = await client.chat.completions.create({ model: 'scripted', messages, tools });
        const said = choices[0]?.message;
        if (said === undefined) throw new Error('No answer');
        messages.push(said);
        const handled = await turn.handleToolCalls(said);
        if (handled.calls.length === 0) return said.content ?? '';
        messages.push(...handled.messages);
      }
    },
  };
};

const responses: Sdk = (source, api) => {
  const client = new OpenAI({ apiKey: 'none', baseURL: api.openai, maxRetries: 0 });
  const kit = openaiToolkit(source);
  const input: OpenAI.Responses.ResponseInputItem[] = [];
  return {
    ask: async (question) => {
      input.push({ role: 'user', content: question });
      const turn = kit.snapshot().responses;
      for (;;) {
        const said = await client.responses.create({ model: 'scripted', input, tools: turn.tools });
        input.push(...(said.output as OpenAI.Responses.ResponseInputItem[]));
        const handled = await turn.handleToolCalls(said);
        if (handled.calls.length === 0) return said.output_text;
        input.push(...handled.items);
      }
    },
  };
};

const anthropic: Sdk = (source, api) => {
  const client = new Anthropic({ apiKey: 'none', baseURL: api.anthropic, maxRetries: 0 });
  const kit = anthropicToolkit(source);
  const messages: Anthropic.Messages.MessageParam[] = [];
  return {
    ask: async (question) => {
      messages.push({ role: 'user', content: question });
      const turn = kit.snapshot();
      for (;;) {
        const { tools } = turn;
        const said = await client.messages.create({ model: 'scripted', max_tokens: 100, messages, tools });
        messages.push({ role: 'assistant', content: said.content });
        const handled = await turn.handleToolUse(said);
        if (handled.calls.length === 0) return said.content.map((b) => ('text' in b ? b.text : '')).join('');
        messages.push(...handled.messages);
      }
    },
  };
};

const langchain: Sdk = (source, api) => {
  const chat = new ChatAnthropic({
    model: 'scripted',
    apiKey: 'none',
    anthropicApiUrl: api.anthropic,
    maxRetries: 0,
  });
  const kit = langchainToolkit(source, { acceptsMedia: (type) => type.startsWith('image/') });
  const messages: BaseMessage[] = [];
  return {
    ask: async (question) => {
      messages.push(new HumanMessage(question));
      const { tools } = kit;
      const model = chat.bindTools(tools);
      for (;;) {
        const said = await model.invoke(messages);
        messages.push(said);
        const calls = said.tool_calls ?? [];
        if (calls.length === 0) return said.text;
        const answers = calls.map((call) => {
          const tool = tools.find(({ name }) => name === call.name);
          if (tool === undefined) throw new Error(`No tool ${call.name}`);
          return tool.invoke({ ...call, type: 'tool_call' });
        });
        messages.push(...(await Promise.all(answers)));
      }
    },
  };
};

export const SDKS: [name: string, sdk: Sdk][] = [
  ['AI SDK', aiSdk],
  ['OpenAI, Chat Completions', chatCompletions],
  ['OpenAI, Responses', responses],
  ['Anthropic', anthropic],
  ['LangChain', langchain],
];
