import type OpenAI from 'openai';
import {
  CUT_OFF,
  runCalls,
  type HandledCall,
  type HandleOptions,
  expectAnswer,
  expectMessage,
} from '../run-calls.ts';
import { plainContent } from '../content/plain-content.ts';
import { liveTools, type LiveTools, type ToolProblem, rememberLast } from '../live-tools.ts';
import type { ToolSource } from '../tool-source.ts';
import {
  imageMessage,
  toolMessage,
  type ChatImageMessage,
  type ChatToolMessage,
  responsesOutput,
  type FunctionCallOutput,
} from './result-messages.ts';
import { functionTool, type ChatTool, type FunctionTool, type ResponsesTool } from './function-tool.ts';
import { openaiOptions } from '../../options/tables/toolkit.ts';
import { checkOpenaiOptions, type OpenaiToolkitOptions } from './openai-options.ts';

/** The part of a Chat Completions message that is read. */
export interface ChatCalls {
  readonly tool_calls?: readonly OpenAI.Chat.Completions.ChatCompletionMessageToolCall[] | null | undefined;
}

/** The part of a Responses response that is read. */
export interface ResponsesCalls {
  readonly output: readonly OpenAI.Responses.ResponseOutputItem[];
}

export interface HandledChat {
  /** To append to the conversation after the message with the calls; empty when there were none. */
  readonly messages: (ChatToolMessage | ChatImageMessage)[];
  readonly calls: readonly HandledCall[];
}

export interface HandledResponses {
  /** The `input` of the next request, or what to append to it; empty when there were no calls. */
  readonly items: FunctionCallOutput[];
  readonly calls: readonly HandledCall[];
}

export interface OpenaiToolkit {
  /**
   * The current tools, for the `tools` of Chat Completions. Each read returns a new list. The API refuses an empty
   * list: leave `tools` out then.
   */
  readonly tools: ChatTool[];
  /** The tools that cannot be offered to a model, and why. */
  readonly problems: readonly ToolProblem[];
  /**
   * Runs the calls of a model's message at the same time. Failures become results for the model. Rejects with
   * `ABORTED` after every call has ended, or with `CONFIG_INVALID` when `message` is not a message.
   */
  handleToolCalls(message: ChatCalls, options?: HandleOptions): Promise<HandledChat>;
  /** The tools and calls of the Responses API. */
  readonly responses: {
    readonly tools: ResponsesTool[];
    handleToolCalls(response: ResponsesCalls, options?: HandleOptions): Promise<HandledResponses>;
  };
  /**
   * A toolkit with the tools of this moment, for one turn of a conversation: calls are read by the definitions that
   * the model was sent.
   */
  snapshot(): OpenaiToolkit;
}

/** Makes the tools of a group, toolkit or other source available to the `openai` package. Throws `CONFIG_INVALID`. */
export function openaiToolkit(source: ToolSource, options: OpenaiToolkitOptions = {}): OpenaiToolkit {
  checkOpenaiOptions(options);
  const { strict, images, maxTools = openaiOptions.maxTools.default, ...calls } = options;
  const current = atMost(
    maxTools,
    liveTools(source, (name, definition) => functionTool(source, name, definition, strict, calls)),
  );
  return toolkitOf(current, images === 'user-message');
}

function toolkitOf(current: () => LiveTools<FunctionTool>, imagesToUser: boolean): OpenaiToolkit {
  return {
    get tools() {
      return [...current().tools.values()].map(({ chat }) => chat);
    },
    get problems() {
      return current().problems;
    },
    handleToolCalls: (message, options = {}) => handleChat(current().tools, message, options, imagesToUser),
    responses: {
      get tools() {
        return [...current().tools.values()].map(({ responses }) => responses);
      },
      handleToolCalls: (response, options = {}) => handleResponses(current().tools, response, options),
    },
    snapshot: () => {
      const now = current();
      return toolkitOf(() => now, imagesToUser);
    },
  };
}

/** Keeps the first `maxTools` tools; the others become problems. */
function atMost(maxTools: number, all: () => LiveTools<FunctionTool>): () => LiveTools<FunctionTool> {
  const cut = rememberLast(({ tools, problems }: LiveTools<FunctionTool>): LiveTools<FunctionTool> => {
    if (tools.size <= maxTools) return { tools, problems };
    const entries = [...tools];
    const more = entries.slice(maxTools).map(([tool, { model }]) => ({
      tool,
      server: model.definition.server,
      problem: `It is one tool too many: a request takes ${maxTools}. Leave some out by a policy, or let the model search.`,
    }));
    return { tools: new Map(entries.slice(0, maxTools)), problems: [...problems, ...more] };
  });
  return () => cut(all());
}

type Tools = LiveTools<FunctionTool>['tools'];

async function handleChat(
  tools: Tools,
  message: ChatCalls,
  options: HandleOptions,
  imagesToUser: boolean,
): Promise<HandledChat> {
  expectMessage(message);
  // Some compatible APIs leave out the type.
  const requests = (message.tool_calls ?? []).flatMap((call) =>
    'function' in call ? [{ id: call.id, name: call.function.name, args: call.function.arguments }] : [],
  );
  const handled = await runCalls(tools, requests, options);
  const calls = handled.map((call) => ({ ...call, beside: plainContent(call.result).beside }));
  const shown = imagesToUser ? imageMessage(calls) : undefined;
  const messages = calls.map(({ id, result }) => toolMessage(id, result));
  return { messages: shown === undefined ? messages : [...messages, shown], calls };
}

async function handleResponses(
  tools: Tools,
  response: ResponsesCalls,
  options: HandleOptions,
): Promise<HandledResponses> {
  expectAnswer('responses.handleToolCalls', 'the response', response, 'output');
  // A function in a namespace is a different one, even with the same name: tools here have no namespace.
  const made = response.output.filter(
    (item) => item.type === 'function_call' && item.namespace === undefined,
  );
  const callers = new Map<string, FunctionCallOutput['caller']>();
  const requests = made.flatMap((item) => {
    if (item.type !== 'function_call') return [];
    callers.set(item.call_id, item.caller);
    const refusal = item.status === 'incomplete' ? CUT_OFF : undefined;
    return [{ id: item.call_id, name: item.name, args: item.arguments, refusal }];
  });
  const handled = await runCalls(tools, requests, options);
  const answers = handled.map((call) => ({ call, ...responsesOutput(call.result) }));
  return {
    items: answers.map(({ call, output: said }) => {
      const caller = callers.get(call.id);
      return {
        type: 'function_call_output',
        call_id: call.id,
        output: said,
        ...(caller !== undefined && caller !== null && { caller }),
      };
    }),
    calls: answers.map(({ call, beside }) => ({ ...call, beside })),
  };
}
