import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import type { OwnTool } from '../own-tools.ts';
import { errorResult } from '../run-tool.ts';
import { charsOf, sum } from './content-size.ts';
import type { PageStore } from './page-store.ts';

type Page = readonly ContentBlock[];

const DESCRIPTION =
  'Reads on in a result that was too long to be shown at once. Such a result ends by saying which handle and page to ask for.';

/**
 * The tool that pages through long results. Pages are asked for by number, so that asking twice gives the same.
 *
 * @param nameNow Gives the name that the tool goes by.
 */
export function readMoreTool(store: PageStore, nameNow: () => string): OwnTool {
  return {
    id: 'read_more',
    wantedName: 'read_more',
    definition: {
      title: 'Read more of a result',
      description: DESCRIPTION,
      inputSchema: {
        type: 'object',
        properties: {
          handle: { type: 'string', description: 'The handle that the result names.' },
          page: { type: 'integer', minimum: 2, description: 'Which page.' },
        },
        required: ['handle', 'page'],
        additionalProperties: false,
      },
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    call: ({ handle, page }) => Promise.resolve(readPage(store, nameNow(), String(handle), Number(page))),
  };
}

function readPage(store: PageStore, name: string, handle: string, nr: number): CallToolResult {
  const later = store.get(handle);
  if (later === undefined) {
    return errorResult(
      'Nothing is kept under this handle, or not any more. Call the tool that gave it again.',
    );
  }
  const page = later[nr - FIRST_KEPT];
  if (page === undefined) {
    return errorResult(`There is no such page: kept are pages ${FIRST_KEPT} to ${later.length + 1}.`);
  }
  const left = later.slice(nr - FIRST_KEPT + 1);
  if (left.length === 0) return { content: [...page] };
  return { content: [...page, howToGoOn(left, name, handle, nr + 1)] };
}

/** The first page went out with the result itself. */
const FIRST_KEPT = 2;

/** The block that tells a model what is left and how to get it. */
export function howToGoOn(
  left: readonly Page[],
  readMore: string,
  handle: string,
  page: number,
): ContentBlock {
  const args = JSON.stringify({ handle, page });
  return note(`${amountOf(left)}. To read on, call ${readMore} with ${args}`);
}

/** The block that tells a model that there was more. */
export function wasDropped(left: readonly Page[]): ContentBlock {
  return note(`${amountOf(left)}, which were too long to be kept. Ask for less`);
}

function note(text: string): ContentBlock {
  return { type: 'text', text: `[${text}.]` };
}

function amountOf(pages: readonly Page[]): string {
  const chars = sum(pages, (page) => sum(page, charsOf));
  const others = sum(pages, (page) => page.filter((block) => block.type !== 'text').length);
  const amounts = [`${chars} characters`, ...(others > 0 ? [`${others} items that are no text`] : [])];
  return `${amounts.join(' and ')} on ${pages.length} more ${pages.length === 1 ? 'page' : 'pages'}`;
}
