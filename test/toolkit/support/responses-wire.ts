import { callId, type Heard, type HeardResult, type Step } from './wire.ts';

interface Part {
  type: string;
  text?: string;
  image_url?: string;
}

interface Item {
  type?: string;
  role?: string;
  content?: string | Part[];
  call_id?: string;
  name?: string;
  output?: string | Part[];
}

/** An answer of Responses. */
export function sayResponses(step: Step, request: number): unknown {
  const output =
    typeof step === 'string'
      ? [
          {
            type: 'message',
            id: `msg_${request}`,
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: step, annotations: [] }],
          },
        ]
      : step.map(({ name, args = {} }, index) => ({
          type: 'function_call',
          id: `fc_${request}_${index}`,
          call_id: callId(request, index),
          name,
          arguments: JSON.stringify(args),
          status: 'completed',
        }));
  return {
    id: `resp_${request}`,
    object: 'response',
    created_at: 1,
    model: 'scripted',
    status: 'completed',
    output,
  };
}

/** Reads a request of Responses. */
export function readResponses(body: Record<string, unknown>): Heard {
  const items = body['input'] as Item[];
  const tools = (body['tools'] ?? []) as { name: string }[];
  const names = new Map(
    items.filter(({ type }) => type === 'function_call').map(({ call_id: id, name }) => [id, name]),
  );
  const spoke = items.findLastIndex(({ role, type }) => role === 'assistant' || type === 'function_call');
  return {
    tools: tools.map(({ name }) => name),
    question: textOf(items.findLast(({ role }) => role === 'user')?.content),
    results: items
      .slice(spoke + 1)
      .filter(({ type }) => type === 'function_call_output')
      .map(({ call_id: id, output }): HeardResult => {
        const text = textOf(output);
        return {
          tool: names.get(id) ?? 'unknown',
          text,
          images: partsOf(output).flatMap(({ image_url: url }) => url?.split(',')[1] ?? []),
          failed: text.startsWith('Error: '),
        };
      }),
  };
}

function partsOf(content: string | Part[] | undefined): Part[] {
  return typeof content === 'string' ? [{ type: 'input_text', text: content }] : (content ?? []);
}

function textOf(content: string | Part[] | undefined): string {
  return partsOf(content)
    .map(({ text }) => text)
    .filter((text) => text !== undefined)
    .join('\n');
}
