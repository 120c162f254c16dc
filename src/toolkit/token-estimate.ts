import { jsonText } from '../internal/json/json-copy.ts';
import { checkParameter } from '../options/check-options.ts';
import { string } from '../options/kinds.ts';
import { toolDefinition, toolHolder } from '../options/tables/toolkit.ts';
import type { ToolDefinition, ToolSource } from './tool-source.ts';

/** An estimate of the tokens that the definitions of tools take in every turn. */
export interface TokenEstimate {
  readonly total: number;
  /** Tokens by name of the tool. */
  readonly tools: ReadonlyMap<string, number>;
  /** Tokens by name of the server; tools that a toolkit added are in the total only. */
  readonly servers: ReadonlyMap<string, number>;
}

/**
 * Estimates the tokens of all tools: name, description and input schema of each, as JSON. For English texts the error
 * is a few percent of what current tokenizers count; providers add some tokens of their own. Throws `CONFIG_INVALID` for
 * what has no tools.
 */
export function tokenEstimate(source: Pick<ToolSource, 'tools'>): TokenEstimate {
  checkParameter('tokenEstimate()', 'source', toolHolder, source);
  const byTool = new Map<string, number>();
  const byServer = new Map<string, number>();
  let total = 0;
  for (const [name, tool] of source.tools) {
    const tokens = tokensOfTool(name, tool);
    total += tokens;
    byTool.set(name, tokens);
    if (tool.server !== undefined) byServer.set(tool.server, (byServer.get(tool.server) ?? 0) + tokens);
  }
  return { total, tools: byTool, servers: byServer };
}

/**
 * Estimates the tokens of one tool; see {@link tokenEstimate}. Without its schema when that is nested too deeply to be sent.
 * Throws `CONFIG_INVALID` for what is no definition of a tool.
 */
export function toolTokens(name: string, tool: ToolDefinition): number {
  checkParameter('toolTokens()', 'name', string, name);
  checkParameter('toolTokens()', 'tool', toolDefinition, tool);
  return tokensOfTool(name, tool);
}

function tokensOfTool(name: string, { description, inputSchema }: ToolDefinition): number {
  const whole = jsonText({ name, description, input_schema: inputSchema });
  return tokensOfText(whole ?? JSON.stringify({ name, description }));
}

/**
 * Approximates how tokenizers split text: parts of identifiers, numbers, other scripts, runs of signs, line ends.
 * Repetitions are bounded, so that no text takes quadratic time.
 */
const PIECES =
  /[\p{L}\p{M}]{0,40}[^\p{ASCII}]+|[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]*|\d+|_+|[^\w\s\p{L}]+|\n+/gu;

/** From here on, scripts with a sign for a syllable or a word, such as Chinese, Japanese and Korean. */
const FIRST_IDEOGRAPH = 0x2e80;

/** Estimates the tokens of any text. Throws `CONFIG_INVALID` for what is none. */
export function textTokens(text: string): number {
  checkParameter('textTokens()', 'text', string, text);
  return tokensOfText(text);
}

function tokensOfText(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(PIECES)) tokens += tokensOf(piece);
  return Math.ceil(tokens);
}

/** Fitted to the tool catalog in `bench/search/` and OpenAI's o200k_base. */
function tokensOf(piece: string): number {
  const last = piece.codePointAt(piece.length - 1) ?? 0;
  if (last >= FIRST_IDEOGRAPH) return piece.length * 0.75;
  if (last > 0x7f) return piece.length * 0.3;
  if (/^\d/.test(piece)) return Math.ceil(piece.length / 3);
  if (/^[a-z]/i.test(piece)) return Math.max(1, piece.length / 7);
  if (piece.startsWith('_')) return 0.4;
  return Math.max(0.9, piece.length / 4);
}
