import { MockLanguageModelV4, simulateReadableStream } from 'ai/test';

type GenerateResult = Awaited<ReturnType<MockLanguageModelV4['doGenerate']>>;
type StreamPart =
  Awaited<ReturnType<MockLanguageModelV4['doStream']>>['stream'] extends ReadableStream<infer T> ? T : never;
export type Prompt = MockLanguageModelV4['doGenerateCalls'][number]['prompt'];

export interface ScriptedCall {
  readonly name: string;
  readonly args?: unknown;
}

/** What the model says in one step: a text, or calls of tools. */
export type Step = string | ScriptedCall | ScriptedCall[];

const usage: GenerateResult['usage'] = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};

/** The SDK's own test model, which says one step after the other; the ids of its calls are `call-0`, `call-1`, … */
export function scriptedModel(...steps: Step[]): MockLanguageModelV4 {
  let calls = 0;
  const content = steps.map((step): GenerateResult['content'] =>
    typeof step === 'string'
      ? [{ type: 'text', text: step }]
      : [step].flat().map(({ name, args = {} }) => ({
          type: 'tool-call',
          toolCallId: `call-${calls++}`,
          toolName: name,
          input: typeof args === 'string' ? args : JSON.stringify(args),
        })),
  );
  const finishReason = (parts: GenerateResult['content']): GenerateResult['finishReason'] => {
    const unified = parts.some(({ type }) => type === 'tool-call') ? 'tool-calls' : 'stop';
    return { unified, raw: unified };
  };
  return new MockLanguageModelV4({
    doGenerate: content.map((parts) => ({
      content: parts,
      finishReason: finishReason(parts),
      usage,
      warnings: [],
    })),
    doStream: content.map((parts) => ({
      stream: simulateReadableStream({
        chunks: [
          { type: 'stream-start' as const, warnings: [] },
          ...parts.flatMap(streamed),
          { type: 'finish' as const, usage, finishReason: finishReason(parts) },
        ],
      }),
    })),
  });
}

function streamed(part: GenerateResult['content'][number]): StreamPart[] {
  if (part.type === 'tool-call') return [part];
  if (part.type !== 'text') return [];
  return [
    { type: 'text-start', id: 'text' },
    { type: 'text-delta', id: 'text', delta: part.text },
    { type: 'text-end', id: 'text' },
  ];
}

/** What the model was told in the last step, as the results of its calls, by tool. */
export function toolOutputs(prompt: Prompt | undefined): Record<string, unknown> {
  const last = prompt?.findLast(({ role }) => role === 'tool');
  if (last?.role !== 'tool') return {};
  const results = last.content.filter((part) => part.type === 'tool-result');
  return Object.fromEntries(results.map(({ toolName, output }) => [toolName, output]));
}
