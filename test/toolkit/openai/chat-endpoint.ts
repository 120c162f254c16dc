import OpenAI from 'openai';
import { serveWire, type Json, type WireServer } from '../support/wire-server.ts';
import { functionFaults, isJson, type SentFunction } from './openai-rules.ts';

/** A call that the scripted model makes; a text as arguments is sent as it is. */
export interface ScriptedCall {
  id: string;
  name: string;
  args: Json | string;
}

export type Turn = string | ScriptedCall[];

export interface Endpoint extends WireServer {
  readonly client: OpenAI;
}

/** Chat Completions on loopback: refuses what OpenAI refuses, and says one turn after the other. */
export async function serveChat(...turns: Turn[]): Promise<Endpoint> {
  let next = 0;
  const server = await serveWire('/v1/chat/completions', (body) => {
    const faults = requestFaults(body);
    if (faults.length > 0)
      return { refusal: { error: { message: faults.join('; '), type: 'invalid_request_error' } } };
    return { body: completion(turns[next++] ?? 'The script is over.') };
  });
  return { ...server, client: new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 }) };
}

function requestFaults({ model, messages, tools }: Json): string[] {
  const faults: string[] = [];
  if (typeof model !== 'string') faults.push('model');
  if (tools !== undefined) {
    if (!Array.isArray(tools) || tools.length === 0) return ["[] is too short - 'tools'"];
    if (tools.length > 128) faults.push(`array too long: ${tools.length} tools`);
    for (const tool of tools as { type: string; function: SentFunction }[]) {
      if (Object.keys(tool).toSorted().join() !== 'function,type' || tool.type !== 'function')
        faults.push('tool');
      faults.push(
        ...functionFaults(tool.function).map(
          (fault) => `Invalid schema for function '${tool.function.name}': ${fault}`,
        ),
      );
    }
  }
  if (!Array.isArray(messages)) return [...faults, 'messages'];
  return [...faults, ...conversationFaults(messages as Json[])];
}

/** Each call is answered, once, right behind the message that made it, by texts. */
function conversationFaults(messages: readonly Json[]): string[] {
  const faults: string[] = [];
  let open = new Set<unknown>();
  for (const message of messages) {
    if (message['role'] === 'tool') {
      if (!open.delete(message['tool_call_id'])) faults.push(`no call ${String(message['tool_call_id'])}`);
      faults.push(...contentFaults(message['content']));
      if (Object.keys(message).length !== 3) faults.push('unknown field in a tool message');
      continue;
    }
    if (open.size > 0) faults.push(`calls without an answer: ${[...open].join()}`);
    const calls = message['tool_calls'];
    open = new Set(Array.isArray(calls) ? calls.map((call) => (call as Json)['id']) : []);
  }
  return open.size > 0 ? [...faults, `calls without an answer: ${[...open].join()}`] : faults;
}

function contentFaults(content: unknown): string[] {
  if (typeof content === 'string') return [];
  if (!Array.isArray(content) || content.length === 0) return ['content of a tool message'];
  const isText = (part: unknown): boolean =>
    isJson(part) && part['type'] === 'text' && typeof part['text'] === 'string';
  return content.every(isText) ? [] : ['a tool message takes texts only'];
}

function completion(turn: Turn): unknown {
  const isText = typeof turn === 'string';
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    choices: [
      {
        index: 0,
        finish_reason: isText ? 'stop' : 'tool_calls',
        logprobs: null,
        message: {
          role: 'assistant',
          content: isText ? turn : null,
          refusal: null,
          ...(!isText && {
            tool_calls: turn.map(({ id, name, args }) => ({
              id,
              type: 'function',
              function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
            })),
          }),
        },
      },
    ],
  };
}
