import type { CallToolResult } from '@modelcontextprotocol/client';
import type { ResourceEntry } from '../../group/catalog/catalog.ts';
import { printable } from '../../internal/text.ts';
import { optionalText } from '../arguments/expect-text.ts';

const PAGE_SIZE = 50;
const MAX_URI = 2000;
const MAX_LABEL = 300;

export const LIST_SCHEMA = {
  type: 'object',
  properties: {
    query: { type: 'string', description: 'Only resources with this text in URI, name or description.' },
    page: { type: 'integer', minimum: 1, description: 'Which page of the list.', default: 1 },
  },
  additionalProperties: false,
} as const;

/** One page of a list of resources, with one line for each. */
export function listResources(
  resources: readonly ResourceEntry[],
  args: Readonly<Record<string, unknown>>,
): CallToolResult {
  const query = optionalText(args, 'query')?.toLowerCase() ?? '';
  const page = typeof args['page'] === 'number' ? args['page'] : 1;
  const found = resources.filter((resource) => searchable(resource).includes(query));
  const start = (page - 1) * PAGE_SIZE;
  const lines = found.slice(start, start + PAGE_SIZE).map(describe);
  const left = found.length - start - lines.length;
  if (lines.length === 0) lines.push('There are no such resources.');
  else if (left > 0) lines.push(`[${left} more, from page ${page + 1} on.]`);
  return { content: [{ type: 'text', text: lines.join('\n') }] };
}

function searchable({ upstreamName, name, title = '', description = '' }: ResourceEntry): string {
  return `${upstreamName}\n${name}\n${title}\n${description}`.toLowerCase();
}

function describe({ upstreamName, name, title, description, mimeType, size }: ResourceEntry): string {
  const facts = [mimeType, size === undefined ? undefined : `${size} bytes`].filter(
    (fact) => fact !== undefined,
  );
  const labels = [title ?? name, facts.join(', '), description].filter(
    (label) => label !== undefined && label !== '',
  );
  const line = labels.map((label) => printable(String(label), MAX_LABEL)).join(' | ');
  return `${printable(upstreamName, MAX_URI)} | ${line}`;
}
