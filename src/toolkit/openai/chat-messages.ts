import type { CallToolResult } from '@modelcontextprotocol/client';
import type OpenAI from 'openai';
import { plainContent } from '../content/plain-content.ts';
import type { HandledCall } from '../run-calls.ts';
import { failureTexts } from './failure-texts.ts';
import { imageUrl } from './image-url.ts';

export type ChatToolMessage = OpenAI.Chat.Completions.ChatCompletionToolMessageParam;
export type ChatImageMessage = OpenAI.Chat.Completions.ChatCompletionUserMessageParam;

/** A result as a message of a tool: texts, as that is all the API takes there. */
export function toolMessage(id: string, result: CallToolResult): ChatToolMessage {
  const { content, isError } = plainContent(result);
  const texts = typeof content === 'string' ? [content] : content;
  const [first = '', ...more] = isError ? failureTexts(texts) : texts;
  return {
    role: 'tool',
    tool_call_id: id,
    content: more.length === 0 ? first : [first, ...more].map((text) => ({ type: 'text', text })),
  };
}

/** The images of results in a message of the user's role, which may hold them; undefined when there are none. */
export function imageMessage(calls: readonly HandledCall[]): ChatImageMessage | undefined {
  const parts = calls.flatMap(({ id, name, beside }) => {
    const urls = beside.flatMap((piece) => imageUrl(piece) ?? []);
    if (urls.length === 0) return [];
    const images = urls.map((url) => ({ type: 'image_url' as const, image_url: { url } }));
    return [{ type: 'text' as const, text: `Images from tool "${name}", call ${id}:` }, ...images];
  });
  return parts.length === 0 ? undefined : { role: 'user', content: parts };
}
