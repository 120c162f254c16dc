import type { CallToolResult } from '@modelcontextprotocol/client';
import type OpenAI from 'openai';
import { plainContent } from '../content/plain-content.ts';
import type { HandledCall } from '../run-calls.ts';
import { imageOf, fileName, pdfOf } from '../content/media.ts';
import { type ContentPiece, contentPieces } from '../content/pieces.ts';
import { describePiece } from '../content/describe-piece.ts';

export type ChatToolMessage = OpenAI.Chat.Completions.ChatCompletionToolMessageParam;
export type ChatImageMessage = OpenAI.Chat.Completions.ChatCompletionUserMessageParam;

/** Converts a result to a tool message, which can contain texts only. */
export function toolMessage(id: string, result: CallToolResult): ChatToolMessage {
  const { content, isError } = plainContent(result);
  const texts = typeof content === 'string' ? [content] : content;
  const [first = '', ...more] = isError ? failureTexts(texts) : texts;
  return {
    role: 'tool',
    tool_call_id: id,
    content: more.length === 0 ? first : [first, ...more].map((text) => ({ type: 'text', text })),
  };
}

/** The images of results as a message with the user's role, which can contain images; undefined when there are none. */
export function imageMessage(calls: readonly HandledCall[]): ChatImageMessage | undefined {
  const parts = calls.flatMap(({ id, name, beside }) => {
    const urls = beside.flatMap((piece) => imageUrl(piece) ?? []);
    if (urls.length === 0) return [];
    const images = urls.map((url) => ({ type: 'image_url' as const, image_url: { url } }));
    return [{ type: 'text' as const, text: `Images from tool "${name}", call ${id}:` }, ...images];
  });
  return parts.length === 0 ? undefined : { role: 'user', content: parts };
}

/** OpenAI has no field for a tool's failure, so the text begins with "Error:". */
function failureTexts(texts: readonly string[]): readonly string[] {
  const [first = '', ...more] = texts;
  if (first.startsWith('Error: ')) return texts;
  return [`Error: ${first.trim() === '' ? 'the tool failed and gave no reason.' : first}`, ...more];
}

/** OpenAI takes 50 MB in a request. */
const MAX_IMAGE_LENGTH = 50_000_000;

/** An image, also one in an embedded resource, as a data URL; undefined for any other piece. */
export function imageUrl(piece: ContentPiece): string | undefined {
  const image = imageOf(piece, MAX_IMAGE_LENGTH);
  return image && `data:${image.mediaType};base64,${image.data}`;
}

export type FunctionCallOutput = OpenAI.Responses.ResponseInputItem.FunctionCallOutput;
type OutputPart = OpenAI.Responses.ResponseFunctionCallOutputItem;

interface ResponsesOutput {
  readonly output: FunctionCallOutput['output'];
  /** The pieces that the output only describes by a line of text. */
  readonly beside: readonly ContentPiece[];
}

/** Converts a result to the output of a function call: one text to a string, anything else to a list. */
export function responsesOutput(result: CallToolResult): ResponsesOutput {
  const pieces = contentPieces(result);
  const beside = pieces.filter((piece) => piece.type !== 'text' && outputPart(piece) === undefined);
  const parts = pieces.map((piece) => outputPart(piece) ?? textPart(describePiece(piece)));
  const said = result.isError === true ? failed(parts) : parts;
  const [first] = said;
  if (first === undefined) return { output: '', beside };
  return { output: said.length === 1 && first.type === 'input_text' ? first.text : said, beside };
}

/** OpenAI takes 50 MB in a request. */
const MAX_PDF_LENGTH = 50_000_000;

function outputPart(piece: ContentPiece): OutputPart | undefined {
  const url = imageUrl(piece);
  if (url !== undefined) return { type: 'input_image', image_url: url, detail: 'auto' };
  const pdf = pdfOf(piece, MAX_PDF_LENGTH);
  if (pdf === undefined || piece.type !== 'resource-blob') return undefined;
  return {
    type: 'input_file',
    filename: pdfName(piece.uri),
    file_data: `data:${pdf.mediaType};base64,${pdf.data}`,
  };
}

function failed(parts: readonly OutputPart[]): OutputPart[] {
  const [first, ...rest] = parts;
  if (first?.type === 'input_text') return [...failureTexts([first.text]).map(textPart), ...rest];
  return [...failureTexts([]).map(textPart), ...parts];
}

function textPart(text: string): OutputPart {
  return { type: 'input_text', text };
}

function pdfName(uri: string): string {
  const name = fileName(uri);
  return name.toLowerCase().endsWith('.pdf') ? name : `${name}.pdf`;
}
