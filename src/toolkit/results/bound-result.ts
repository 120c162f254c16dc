import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import { charsOf, sum, cuttable } from './content-size.ts';
import type { PageStore } from './page-store.ts';
import { paginate } from './paginate.ts';
import { continuationBlock, droppedBlock } from './read-more.ts';
import type { ResolvedResultBounds } from './result-bounds.ts';

/** Returns the result if it is within the bounds, else its first page and a text that says how to read on. */
export function boundResult(
  result: CallToolResult,
  bounds: ResolvedResultBounds,
  store: PageStore,
  readMore: string,
): CallToolResult {
  const { structuredContent, ...rest } = result;
  const content = result.content.map(cuttable);
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
  const note = handle === undefined ? droppedBlock(later) : continuationBlock(later, readMore, handle, 2);
  return { ...rest, content: [...first, note] };
}

/**
 * Whether a block is the structured content as text, which servers add for clients without support for structured
 * content.
 */
function says(block: ContentBlock, structuredContent: unknown): boolean {
  if (block.type !== 'text' || !/^\s*[[{]/.test(block.text)) return false;
  try {
    return isDeepStrictEqual(JSON.parse(block.text), structuredContent);
  } catch {
    return false;
  }
}
