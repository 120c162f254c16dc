import type { ContentBlock, ReadResourceResult } from '@modelcontextprotocol/client';
import { bodyText, jsonText, lineText, parsedJson } from '../terminal/terminal-text.ts';
import { type Part, saveParts, STANDARD_OUTPUT } from './saved-parts.ts';
import type { Invocation } from '../command-line/invocation.ts';

type ResourceContents = ReadResourceResult['contents'][number];

/** What a result looks like to people: text, and what is better kept in files. */
export class ContentView {
  readonly lines: string[] = [];
  readonly parts: Part[] = [];

  /** Adds what a tool or prompt said. */
  add(block: ContentBlock): void {
    switch (block.type) {
      case 'text':
        this.addText(block.text);
        return;
      case 'image':
      case 'audio':
        this.#addBlob(block.type, `${block.type}-${this.parts.length + 1}`, block.mimeType, block.data);
        return;
      case 'resource':
        this.addContents(block.resource, false);
        return;
      case 'resource_link': {
        const { uri, title, name, description, mimeType } = block;
        const facts = [mimeType, description]
          .filter((each) => each !== undefined)
          .map((each) => lineText(each, 200));
        const more = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
        this.lines.push(`[link] ${lineText(title ?? name, 200)}: ${lineText(uri)}${more}`);
        return;
      }
      default: // Servers may send what the protocol will only know later.
        this.lines.push(jsonText(block));
    }
  }

  /** Adds a text; JSON is laid out to be read. */
  addText(text: string): void {
    const json = parsedJson(text);
    this.lines.push(json === undefined ? bodyText(text) : jsonText(json));
  }

  /** Adds what a resource holds; `savesText` when texts are wanted in files as well. */
  addContents(contents: ResourceContents, savesText: boolean): void {
    if ('blob' in contents) {
      this.#addBlob('resource', contents.uri, contents.mimeType, contents.blob);
      return;
    }
    const { uri, mimeType, text } = contents;
    if (savesText) this.parts.push({ name: nameOf(uri), mimeType: mimeType ?? 'text/plain', content: text });
    this.addText(text);
  }

  #addBlob(what: string, name: string, mimeType: string | undefined, base64: string): void {
    const content = Buffer.from(base64, 'base64');
    this.parts.push({ name: nameOf(name), mimeType, content });
    const type = lineText(mimeType ?? 'unknown type', 100);
    const about = what === 'resource' ? ` ${lineText(name)}` : '';
    this.lines.push(`[${what}${about}: ${type}, ${size(content.length)}]`);
  }
}

/** A URI without its query. */
function nameOf(uri: string): string {
  return uri.replace(/[?#].*$/s, '');
}

function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} bytes`;
  const kilobytes = bytes / 1_024;
  return kilobytes < 1_024 ? `${kilobytes.toFixed(1)} KiB` : `${(kilobytes / 1_024).toFixed(1)} MiB`;
}

/** Shows a result to people, unless JSON is wanted, and saves its parts if `--out` says where. */
export async function showView(
  { terminal, options: { out } }: Pick<Invocation, 'terminal' | 'options'>,
  { lines, parts }: ContentView,
  isComplaint = false,
): Promise<void> {
  if (!terminal.json && lines.length > 0) {
    const text = lines.join('\n');
    // Standard output is for the parts alone when they go there.
    if (isComplaint || (out === STANDARD_OUTPUT && parts.length > 0)) terminal.complaint(text);
    else terminal.data(text);
  }
  if (out === undefined) {
    if (!terminal.json && parts.length > 0) terminal.note('Save it with --out <path>.');
    return;
  }
  if (parts.length === 0) terminal.warn('There is nothing to save: the result is all text.');
  else if (out === STANDARD_OUTPUT) for (const { content } of parts) process.stdout.write(content);
  else
    for (const { path, replaced } of await saveParts(out, parts))
      terminal.note(`Saved ${path}${replaced ? ', over what was there' : ''}`);
}
