import Anthropic from '@anthropic-ai/sdk';
import { serveWire, type Json, type WireServer } from '../support/wire-server.ts';
import { anthropicFaults, type SentTool } from './anthropic-rules.ts';

export interface ScriptedUse {
  id: string;
  name: string;
  input: unknown;
}

/** What the scripted model says, with a stop reason when it is not the usual one. */
export type Turn = string | ScriptedUse[] | { uses: ScriptedUse[]; stop: string };

/** Messages on loopback: refuses what Anthropic refuses, and says one turn after the other. */
export async function serveMessages(...turns: Turn[]): Promise<WireServer & { readonly client: Anthropic }> {
  let next = 0;
  const server = await serveWire('/v1/messages', (body) => {
    const faults = requestFaults(body);
    if (faults.length > 0) {
      return {
        refusal: { type: 'error', error: { type: 'invalid_request_error', message: faults.join('; ') } },
      };
    }
    return { body: message(turns[next++] ?? 'The script is over.') };
  });
  return { ...server, client: new Anthropic({ apiKey: 'none', baseURL: server.url, maxRetries: 0 }) };
}

function requestFaults({ model, max_tokens: most, messages, tools = [] }: Json): string[] {
  const faults: string[] = [];
  if (typeof model !== 'string' || typeof most !== 'number') faults.push('model, max_tokens');
  const sent = tools as SentTool[];
  faults.push(
    ...sent.flatMap((tool, nr) => anthropicFaults(tool).map((fault) => `tools.${nr}.custom: ${fault}`)),
  );
  if (new Set(sent.map(({ name }) => name)).size !== sent.length) faults.push('tools: names must be unique');
  if (!Array.isArray(messages)) return [...faults, 'messages'];
  return [...faults, ...conversationFaults(messages as { role: string; content: unknown }[])];
}

/** Each use is answered, once, by a block at the front of the next message. */
function conversationFaults(messages: readonly { role: string; content: unknown }[]): string[] {
  const faults: string[] = [];
  let open: unknown[] = [];
  for (const { role, content } of messages) {
    const blocks = Array.isArray(content) ? (content as Json[]) : [];
    const results = blocks.filter(({ type }) => type === 'tool_result');
    const ids = results.map((block) => block['tool_use_id']);
    const missing = open.filter((id) => !ids.includes(id));
    if (missing.length > 0) faults.push(`tool_use ids without tool_result blocks: ${missing.join()}`);
    for (const id of ids) if (!open.includes(id)) faults.push(`unexpected tool_use_id ${String(id)}`);
    if (new Set(ids).size !== ids.length) faults.push('a use answered twice');
    if (results.length > 0 && role !== 'user') faults.push('tool_result in a message of the assistant');
    if (results.length > 0 && blocks[0]?.['type'] !== 'tool_result')
      faults.push('tool_result blocks must come first');
    faults.push(...results.flatMap(resultFaults));
    open = blocks.filter(({ type }) => type === 'tool_use').map(({ id }) => id);
  }
  return open.length > 0 ? [...faults, 'tool_use without tool_result'] : faults;
}

const PARTS: Record<string, (part: Json) => boolean> = {
  text: ({ text }) => typeof text === 'string' && text.trim() !== '',
  image: ({ source }) => /^image\/(png|jpeg|gif|webp)$/.test(String((source as Json)['media_type'])),
  document: ({ source }) => {
    const { type, media_type: mediaType, data } = source as Json;
    if (typeof data !== 'string' || data === '') return false;
    return type === 'text'
      ? mediaType === 'text/plain'
      : type === 'base64' && mediaType === 'application/pdf';
  },
};

function resultFaults({ content, is_error: isError, ...rest }: Json): string[] {
  const faults =
    Object.keys(rest).toSorted().join() === 'tool_use_id,type' ? [] : ['extra inputs are not permitted'];
  if (content === undefined) return faults;
  if (typeof content === 'string') return content.trim() === '' ? [...faults, 'blank text'] : faults;
  const parts = content as Json[];
  if (isError === true && parts.some(({ type }) => type !== 'text')) {
    faults.push('all content must be type "text" if "is_error" is true');
  }
  return [
    ...faults,
    ...parts
      .filter((part) => PARTS[String(part['type'])]?.(part) !== true)
      .map((part) => `part ${String(part['type'])}`),
  ];
}

function message(turn: Turn): unknown {
  const uses = typeof turn === 'string' ? [] : Array.isArray(turn) ? turn : turn.uses;
  const usual = uses.length > 0 ? 'tool_use' : 'end_turn';
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    content:
      typeof turn === 'string'
        ? [{ type: 'text', text: turn, citations: null }]
        : uses.map(({ id, name, input }) => ({
            type: 'tool_use',
            id,
            name,
            input,
            caller: { type: 'direct' },
          })),
    stop_reason: typeof turn === 'object' && 'stop' in turn ? turn.stop : usual,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}
