import type { ContentBlock, ReadResourceResult } from '@modelcontextprotocol/client';
import { bodyText, jsonText, lineText, parsedJson } from '../terminal/terminal-text.ts';
import { type Part, saveParts, STANDARD_OUTPUT } from './saved-parts.ts';
import type { Invocation } from '../command-line/invocation.ts';

type ResourceContents = ReadResourceResult['contents'][number];

/** A result for people: lines of text, and the parts that can be saved to files. */
export class ContentView {
  readonly lines: string[] = [];
  readonly parts: Part[] = [];

  /** Adds a content block of a tool or prompt. */
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
      default: // A later revision of the protocol may add types.
        this.lines.push(jsonText(block));
    }
  }

  /** Adds a text; JSON is indented. */
  addText(text: string): void {
    const json = parsedJson(text);
    this.lines.push(json === undefined ? bodyText(text) : jsonText(json));
  }

  /** Adds the contents of a resource; with `savesText`, a text can be saved to a file, too. */
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

/** A name for the part: the URI without its query. */
function nameOf(uri: string): string {
  return uri.replace(/[?#].*$/s, '');
}

function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} bytes`;
  const kilobytes = bytes / 1_024;
  return kilobytes < 1_024 ? `${kilobytes.toFixed(1)} KiB` : `${(kilobytes / 1_024).toFixed(1)} MiB`;
}

/** Prints a result for people, unless `--json` is set, and saves its parts to `--out`. */
export async function showView(
  { terminal, options: { out } }: Pick<Invocation, 'terminal' | 'options'>,
  { lines, parts }: ContentView,
  isError = false,
): Promise<void> {
  if (!terminal.json && lines.length > 0) {
    const text = lines.join('\n');
    // With `--out -` standard output is for the parts only.
    if (isError || (out === STANDARD_OUTPUT && parts.length > 0)) terminal.failureText(text);
    else terminal.data(text);
  }
  if (out === undefined) {
    if (!terminal.json && parts.length > 0) terminal.note('Save it with --out <path>.');
    return;
  }
  if (parts.length === 0) terminal.warn('There is nothing to save: the result is text only.');
  else if (out === STANDARD_OUTPUT) for (const { content } of parts) process.stdout.write(content);
  else
    for (const { path, replaced } of await saveParts(out, parts))
      terminal.note(`Saved ${path}${replaced ? ', over what was there' : ''}`);
}
