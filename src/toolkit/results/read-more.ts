import type { CallToolResult, ContentBlock } from '@modelcontextprotocol/client';
import type { OwnTool } from '../own-tools.ts';
import { errorResult } from '../run-tool.ts';
import { charsOf, sum } from './content-size.ts';
import type { PageStore } from './page-store.ts';

type Page = readonly ContentBlock[];

const DESCRIPTION =
  'Reads on in a result that was too long to be shown at once. Such a result ends by saying which handle and page to ask for.';

/**
 * The tool that reads further pages of long results. Pages are requested by number, so that a repeated call gives the
 * same page.
 *
 * @param nameNow Returns the current name of the tool.
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
  return { content: [...page, continuationBlock(left, name, handle, nr + 1)] };
}

/** The first page was part of the result, so the store begins with page 2. */
const FIRST_KEPT = 2;

/** The block that tells the model how much is left and how to read it. */
export function continuationBlock(
  left: readonly Page[],
  readMore: string,
  handle: string,
  page: number,
): ContentBlock {
  const args = JSON.stringify({ handle, page });
  return note(`${amountOf(left)}. To read on, call ${readMore} with ${args}`);
}

/** The block that tells the model that the rest was dropped. */
export function droppedBlock(left: readonly Page[]): ContentBlock {
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
