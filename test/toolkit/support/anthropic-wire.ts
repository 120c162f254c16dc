import { callId, type Heard, type HeardResult, type Step } from './wire.ts';

interface Block {
  type: string;
  text?: string;
  id?: string;
  name?: string;
  tool_use_id?: string;
  content?: string | Block[];
  is_error?: boolean;
  source?: { data: string };
}

interface Message {
  role: string;
  content: string | Block[];
}

/** An answer of Messages. */
export function sayAnthropic(step: Step, request: number): unknown {
  return {
    id: `msg_${request}`,
    type: 'message',
    role: 'assistant',
    model: 'scripted',
    content:
      typeof step === 'string'
        ? [{ type: 'text', text: step }]
        : step.map(({ name, args = {} }, index) => ({
            type: 'tool_use',
            id: callId(request, index),
            name,
            input: args,
          })),
    stop_reason: typeof step === 'string' ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 },
  };
}

/** Reads a request of Messages. */
export function readAnthropic(body: Record<string, unknown>): Heard {
  const messages = body['messages'] as Message[];
  const tools = (body['tools'] ?? []) as { name: string }[];
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  const names = new Map(blocksOf(messages[spoke]?.content).map(({ id, name }) => [id, name]));
  const news = messages.slice(spoke + 1).flatMap(({ content }) => blocksOf(content));
  const asked = messages.filter(({ role, content }) => role === 'user' && textOf(content) !== '');
  return {
    tools: tools.map(({ name }) => name),
    question: textOf(asked.at(-1)?.content),
    results: news
      .filter(({ type }) => type === 'tool_result')
      .map((block): HeardResult => {
        const text = textOf(block.content);
        return {
          tool: names.get(block.tool_use_id) ?? 'unknown',
          text,
          images: blocksOf(block.content).flatMap(({ source }) => source?.data ?? []),
          failed: block.is_error === true || text.startsWith('Error: '),
        };
      }),
  };
}

function blocksOf(content: string | Block[] | undefined): Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
}

function textOf(content: string | Block[] | undefined): string {
  return blocksOf(content)
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text)
    .join('\n');
}
