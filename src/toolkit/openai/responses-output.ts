import type { CallToolResult } from '@modelcontextprotocol/client';
import type OpenAI from 'openai';
import { describePiece } from '../content/describe-piece.ts';
import { fileName } from '../content/file-name.ts';
import { pdfOf } from '../content/media.ts';
import { contentPieces, type ContentPiece } from '../content/pieces.ts';
import { failureTexts } from './failure-texts.ts';
import { imageUrl } from './image-url.ts';

export type FunctionCallOutput = OpenAI.Responses.ResponseInputItem.FunctionCallOutput;
type OutputPart = OpenAI.Responses.ResponseFunctionCallOutputItem;

export interface ResponsesOutput {
  readonly output: FunctionCallOutput['output'];
  /** What the output says in words only. */
  readonly beside: readonly ContentPiece[];
}

/** A result as the output of a function call: one text as a string, anything else as a list. */
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
