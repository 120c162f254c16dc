import type { ContentBlock } from '@modelcontextprotocol/client';

/** The text of a block that can be cut; undefined for other blocks. */
export function textOf(block: ContentBlock): string | undefined {
  if (block.type === 'text') return block.text;
  return block.type === 'resource' && 'text' in block.resource ? block.resource.text : undefined;
}

/** A copy of the block with another text. */
export function withText(block: ContentBlock, text: string): ContentBlock {
  if (block.type === 'text') return { ...block, text };
  if (block.type === 'resource' && 'text' in block.resource) {
    return { ...block, resource: { ...block.resource, text } };
  }
  return block;
}

/** The names, titles and URIs of a block, which the model may get beside its text. */
function labelsOf(block: ContentBlock): string {
  if (block.type === 'text') return '';
  if (block.type === 'resource') return block.resource.uri + (block.resource.mimeType ?? '');
  if (block.type !== 'resource_link') return block.mimeType;
  const { uri, name, title = '', description = '', mimeType = '' } = block;
  return uri + name + title + description + mimeType;
}

/** How many characters of a block the model gets. Images, audio and binary data count 0. */
export function charsOf(block: ContentBlock): number {
  return textOf(block)?.length ?? (block.type === 'resource_link' ? labelsOf(block).length : 0);
}

const MAX_LABELS = 2000;

/** The block itself; or a text, which can be cut, when its labels are too long. */
export function cuttable(block: ContentBlock): ContentBlock {
  if (labelsOf(block).length <= MAX_LABELS) return block;
  const withoutBytes = (key: string, value: unknown): unknown =>
    key === 'data' || key === 'blob' ? undefined : value;
  return { type: 'text', text: JSON.stringify(block, withoutBytes) };
}

/** Roughly how many bytes of memory a block takes. */
export function bytesOf(block: ContentBlock): number {
  return Buffer.byteLength(JSON.stringify(block));
}

export function sum<T>(items: readonly T[], sizeOf: (item: T) => number): number {
  return items.reduce((total, item) => total + sizeOf(item), 0);
}
