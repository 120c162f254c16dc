import type { CallToolResult, ContentBlock, ReadResourceResult } from '@modelcontextprotocol/client';
import type { DownloadFolder } from './downloads/download-folder.ts';

type Contents = ReadResourceResult['contents'][number];

/** The contents of a resource as a tool's result: images and audio as such, everything else as embedded resources. */
export function shownContents({ contents }: ReadResourceResult): CallToolResult {
  if (contents.length === 0) return { content: [{ type: 'text', text: 'The resource is empty.' }] };
  return { content: contents.map(toBlock) };
}

function toBlock(resource: Contents): ContentBlock {
  if ('blob' in resource) {
    const { blob: data, mimeType = '' } = resource;
    if (mimeType.startsWith('image/')) return { type: 'image', data, mimeType };
    if (mimeType.startsWith('audio/')) return { type: 'audio', data, mimeType };
  }
  return { type: 'resource', resource };
}

/** The maximum number of files for one result: a server may send thousands of empty ones. */
const MAX_FILES = 100;
/** The maximum length of a URI in the result. */
const MAX_URI = 2000;

/** Saves the contents of a resource. The result has the file names, and `isError` when a file was not saved. */
export async function savedContents(
  { contents }: ReadResourceResult,
  folder: DownloadFolder,
): Promise<CallToolResult> {
  const files: Record<string, unknown>[] = [];
  for (const resource of contents.slice(0, MAX_FILES)) {
    const { mimeType } = resource;
    const uri = resource.uri.slice(0, MAX_URI);
    const data = 'blob' in resource ? Buffer.from(resource.blob, 'base64') : Buffer.from(resource.text);
    const facts = { uri, ...(mimeType !== undefined && { mimeType }), bytes: data.byteLength };
    files.push({ ...facts, ...(await folder.save(resource.uri, data)) });
  }
  if (contents.length > MAX_FILES) {
    files.push({ refused: `There are ${contents.length} parts, and ${MAX_FILES} at a time are saved.` });
  }
  const structuredContent = { files };
  return {
    content: [{ type: 'text', text: JSON.stringify(structuredContent) }],
    structuredContent,
    ...(files.some((file) => 'refused' in file) && { isError: true }),
  };
}
