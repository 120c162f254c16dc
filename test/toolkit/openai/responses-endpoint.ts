import OpenAI from 'openai';
import { serveWire, type Json } from '../support/wire-server.ts';
import type { Endpoint, Turn } from './chat-endpoint.ts';
import { functionFaults, isJson, type SentFunction } from './openai-rules.ts';

/** Responses on loopback: refuses what OpenAI refuses, and says one turn after the other. */
export async function serveResponses(...turns: Turn[]): Promise<Endpoint> {
  let next = 0;
  const server = await serveWire('/v1/responses', (body) => {
    const faults = [...toolFaults(body['tools']), ...inputFaults(body['input'])];
    if (faults.length > 0)
      return { refusal: { error: { message: faults.join('; '), type: 'invalid_request_error' } } };
    return { body: response(turns[next++] ?? 'The script is over.') };
  });
  return { ...server, client: new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 }) };
}

function toolFaults(tools: unknown): string[] {
  if (tools === undefined) return [];
  if (!Array.isArray(tools)) return ['tools'];
  return tools.flatMap((tool: Json) => {
    const { type, ...definition } = tool;
    return type === 'function' ? functionFaults(definition as object as SentFunction) : ['type of a tool'];
  });
}

function inputFaults(input: unknown): string[] {
  if (typeof input === 'string') return [];
  if (!Array.isArray(input)) return ['input'];
  const items = input as Json[];
  const made = items.filter(({ type }) => type === 'function_call').map((item) => item['call_id']);
  const answered = items.filter(({ type }) => type === 'function_call_output').map((item) => item['call_id']);
  return [
    ...made
      .filter((id) => !answered.includes(id))
      .map((id) => `No tool output found for function call ${String(id)}`),
    ...answered.filter((id) => !made.includes(id)).map((id) => `No tool call found for ${String(id)}`),
    ...(new Set(answered).size === answered.length ? [] : ['a call answered twice']),
    ...items
      .filter(({ type }) => type === 'function_call_output')
      .flatMap((item) => outputFaults(item['output'])),
  ];
}

const PARTS: Record<string, (part: Json) => boolean> = {
  input_text: ({ text }) => typeof text === 'string',
  input_image: ({ image_url: url }) => /^data:image\/(png|jpeg|gif|webp);base64,/.test(String(url)),
  input_file: ({ file_data: data, filename }) =>
    String(data).startsWith('data:application/pdf;base64,') && String(filename).endsWith('.pdf'),
};

function outputFaults(output: unknown): string[] {
  if (typeof output === 'string') return [];
  if (!Array.isArray(output)) return ['output of a call'];
  return output.flatMap((part: unknown) =>
    isJson(part) && PARTS[String(part['type'])]?.(part) === true
      ? []
      : [`part ${JSON.stringify(part).slice(0, 80)}`],
  );
}

function response(turn: Turn): unknown {
  const output =
    typeof turn === 'string'
      ? [
          {
            type: 'message',
            id: 'msg_1',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: turn, annotations: [] }],
          },
        ]
      : turn.map(({ id, name, args }) => ({
          type: 'function_call',
          id: `fc_${id}`,
          call_id: id,
          name,
          arguments: typeof args === 'string' ? args : JSON.stringify(args),
          status: 'completed',
        }));
  return { id: 'resp_1', object: 'response', created_at: 1, model: 'scripted', status: 'completed', output };
}
