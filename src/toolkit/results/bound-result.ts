import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import { charsOf, sum, tame } from './content-size.ts';
import type { PageStore } from './page-store.ts';
import { paginate } from './paginate.ts';
import { howToGoOn, wasDropped } from './read-more.ts';
import type { ResolvedResultBounds } from './result-bounds.ts';

/** The result itself if it is within the bounds; else its first page, and how to go on. */
export function boundResult(
  result: CallToolResult,
  bounds: ResolvedResultBounds,
  store: PageStore,
  readMore: string,
): CallToolResult {
  const { structuredContent, ...rest } = result;
  const content = result.content.map(tame);
  const isTame = content.every((block, index) => block === result.content[index]);
  const whole = isTame ? result : { ...result, content };
  const structured = structuredContent === undefined ? '' : JSON.stringify(structuredContent);
  const isWithin = (chars: number): boolean => content.length <= bounds.maxItems && chars <= bounds.maxChars;
  const chars = sum(content, charsOf);
  if (isWithin(chars + structured.length)) return whole;

  const isSaid = structured === '' || content.some((block) => says(block, structuredContent));
  if (isSaid && isWithin(chars)) return whole;
  const all: ContentBlock[] = isSaid ? content : [...content, { type: 'text', text: structured }];
  const [first = [], ...later] = paginate(all, bounds);
  if (later.length === 0) return { ...rest, content: [...first] };
  const handle = store.put(later);
  const note = handle === undefined ? wasDropped(later) : howToGoOn(later, readMore, handle, 2);
  return { ...rest, content: [...first, note] };
}

/** Whether a block is the structured content as text, which is how servers serve clients that know only texts. */
function says(block: ContentBlock, structuredContent: unknown): boolean {
  if (block.type !== 'text' || !/^\s*[[{]/.test(block.text)) return false;
  try {
    return isDeepStrictEqual(JSON.parse(block.text), structuredContent);
  } catch {
    return false;
  }
}
