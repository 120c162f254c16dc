import { callId, type Heard, type HeardResult, type Step } from './wire.ts';

interface Part {
  type: string;
  text?: string;
  image_url?: { url: string };
}

interface Message {
  role: string;
  content?: string | Part[] | null;
  tool_calls?: { id: string; function: { name: string } }[];
  tool_call_id?: string;
}

/** An answer of Chat Completions. */
export function sayOpenAi(step: Step, request: number): unknown {
  const message =
    typeof step === 'string'
      ? { role: 'assistant', content: step, refusal: null }
      : {
          role: 'assistant',
          content: null,
          refusal: null,
          tool_calls: step.map(({ name, args = {} }, index) => ({
            id: callId(request, index),
            type: 'function',
            function: { name, arguments: JSON.stringify(args) },
          })),
        };
  return {
    id: `chatcmpl-${request}`,
    object: 'chat.completion',
    created: 1,
    model: 'scripted',
    choices: [
      {
        index: 0,
        message,
        logprobs: null,
        finish_reason: typeof step === 'string' ? 'stop' : 'tool_calls',
      },
    ],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  };
}

/** Reads a request of Chat Completions. */
export function readOpenAi(body: Record<string, unknown>): Heard {
  const messages = body['messages'] as Message[];
  const tools = (body['tools'] ?? []) as { function: { name: string } }[];
  const spoke = messages.findLastIndex(({ role }) => role === 'assistant');
  const names = new Map((messages[spoke]?.tool_calls ?? []).map(({ id, function: { name } }) => [id, name]));
  const news = messages.slice(spoke + 1);
  const asked = messages.filter((message) => message.role === 'user' && imagesOf(message).length === 0);
  const shown = shownBehind(
    news.filter(({ role }) => role === 'user'),
    [...names.keys()],
  );
  return {
    tools: tools.map((tool) => tool.function.name),
    question: textOf(asked.at(-1)),
    results: news
      .filter(({ role }) => role === 'tool')
      .map((message): HeardResult => {
        const { tool_call_id: id = '' } = message;
        const text = textOf(message);
        return {
          tool: names.get(id) ?? 'unknown',
          text,
          images: [...imagesOf(message), ...(shown.get(id) ?? [])],
          failed: text.startsWith('Error: '),
        };
      }),
  };
}

/** Images in messages of the user's role, by the call that the text before them names: a tool's message can hold none. */
function shownBehind(messages: readonly Message[], ids: readonly string[]): Map<string, string[]> {
  const shown = new Map<string, string[]>();
  let current = '';
  for (const part of messages.flatMap(partsOf)) {
    current = ids.find((id) => part.text?.includes(id) === true) ?? current;
    const image = part.image_url?.url.split(',')[1];
    if (image !== undefined) shown.set(current, [...(shown.get(current) ?? []), image]);
  }
  return shown;
}

function partsOf(message: Message | undefined): Part[] {
  const content = message?.content ?? [];
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function textOf(message: Message | undefined): string {
  return partsOf(message)
    .map(({ text }) => text)
    .filter((text) => text !== undefined)
    .join('\n');
}

function imagesOf(message: Message): string[] {
  return partsOf(message).flatMap(({ image_url: image }) => image?.url.split(',')[1] ?? []);
}
