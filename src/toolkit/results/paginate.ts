import type { ContentBlock } from '@modelcontextprotocol/client';
import { charsOf, textOf, withText } from './content-size.ts';
import type { ResultBounds } from './result-bounds.ts';

type Page = readonly ContentBlock[];

/**
 * Divides content into pages of at most `maxChars` characters and `maxItems` blocks. Long texts are cut, at the end
 * of a line if one is near; together the pages have the whole content. A block that is too long and cannot be cut
 * gets a page of its own.
 */
export function paginate(
  content: Page,
  { maxChars, maxItems }: Required<Pick<ResultBounds, 'maxChars' | 'maxItems'>>,
): Page[] {
  const pages: Page[] = [];
  let page: ContentBlock[] = [];
  let room = maxChars;
  const turn = (): void => {
    if (page.length > 0) pages.push(page);
    page = [];
    room = maxChars;
  };
  const put = (block: ContentBlock): void => {
    if (page.length === maxItems || charsOf(block) > room) turn();
    page.push(block);
    room -= charsOf(block);
  };
  for (const block of content) {
    let rest = textOf(block);
    if (rest === undefined || rest.length <= room) {
      put(block);
      continue;
    }
    while (rest.length > 0) {
      if (room <= 0 || page.length === maxItems) turn();
      const end = cutBefore(rest, room);
      put(withText(block, rest.slice(0, end)));
      rest = rest.slice(end);
      if (rest.length > 0) turn();
    }
  }
  turn();
  return pages;
}

/**
 * Where to cut a text of which `room` characters fit: after at least one character, and never inside a surrogate
 * pair.
 */
function cutBefore(text: string, room: number): number {
  if (text.length <= room) return text.length;
  const line = text.lastIndexOf('\n', room - 1) + 1;
  if (line > room * 0.8) return line;
  const splits = isHighSurrogate(text.charCodeAt(room - 1)) && isLowSurrogate(text.charCodeAt(room));
  if (!splits) return room;
  return room > 1 ? room - 1 : 2;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
