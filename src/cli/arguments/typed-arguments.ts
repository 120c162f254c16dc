import { addAbortSignal } from 'node:stream';
import { createReadStream } from 'node:fs';
import { messageOf } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { UsageError } from '../exit-codes.ts';
import { expectExactNumbers } from './coerce.ts';

export type Arguments = Record<string, unknown>;

/** One argument as it was typed. */
export type TypedWord =
  { readonly key: string; readonly text: string } | { readonly key: string; readonly value: unknown };

/** Arguments as they were typed. Their types are not known before the tool's schema is. */
export interface TypedArguments {
  /** From `--args`, or from standard input. */
  readonly base: Arguments;
  readonly words: readonly TypedWord[];
}

/** Larger files and inputs are refused: no server takes an argument of that size. */
const MAX_BYTES = 32 * 1024 * 1024;

const HOW_TO_WRITE = 'write key=value, key:=json, key=@file, or - for JSON from standard input';

/** Reads the words after the name of a tool. Throws a {@link UsageError}, before any server is opened. */
export async function readArguments(
  words: readonly string[],
  json: string | undefined,
  signal: AbortSignal,
): Promise<TypedArguments> {
  const dashes = words.filter((word) => word === '-').length;
  if (dashes > 1 || (dashes === 1 && json !== undefined))
    throw new UsageError('Give arguments as JSON only once: with --args, or with - from standard input.');
  const split = words.filter((each) => each !== '-').map(splitWord);
  const readers = split.filter(({ value }) => value === '@-').length + dashes + (isInput(json) ? 1 : 0);
  if (readers > 1)
    throw new UsageError('Standard input can be read only once: as one argument, or as all of them.');
  const base =
    dashes === 1 ? await fromInput(signal) : json === undefined ? {} : await fromOption(json, signal);
  const typed: TypedWord[] = [];
  for (const { key, value, isJson } of split) {
    const where = `Argument "${key}"`;
    const text = await textOf(value, where, signal);
    typed.push(isJson ? { key, value: parse(text, where) } : { key, text });
  }
  return { base, words: typed };
}

/** Reads `key=value` pairs whose values are texts, such as the arguments of a prompt. */
export function readTexts(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const { key, value } = splitWord(word);
      return [key, value];
    }),
  );
}

function splitWord(word: string): { key: string; value: string; isJson: boolean } {
  const at = word.indexOf('=');
  const isJson = word[at - 1] === ':';
  const key = word.slice(0, isJson ? at - 1 : at);
  if (at < 1 || key === '') throw new UsageError(`"${word}" is not an argument: ${HOW_TO_WRITE}.`);
  return { key, value: word.slice(at + 1), isJson };
}

function isInput(json: string | undefined): boolean {
  return json === '-' || json === '@-';
}

/** The text of a value: of a file after `@`, of standard input after `@-`; `@@` stands for one `@`. */
async function textOf(value: string, where: string, signal: AbortSignal): Promise<string> {
  if (!value.startsWith('@') || value === '@') return value;
  if (value.startsWith('@@')) return value.slice(1);
  if (value === '@-') return readAll(process.stdin, `${where}: standard input`, signal);
  return fromFile(value.slice(1), where, `; for a text that begins with @, write @${value}`, signal);
}

async function fromOption(text: string, signal: AbortSignal): Promise<Arguments> {
  if (isInput(text)) return fromInput(signal);
  if (!text.startsWith('@')) return asArguments(parse(text, '--args'), '--args');
  const file = text.slice(1);
  return asArguments(parse(await fromFile(file, `--args ${text}`, '', signal), file), file);
}

async function fromInput(signal: AbortSignal): Promise<Arguments> {
  return asArguments(
    parse(await readAll(process.stdin, 'Standard input', signal), 'Standard input'),
    'Standard input',
  );
}

async function fromFile(path: string, where: string, hint: string, signal: AbortSignal): Promise<string> {
  try {
    return await readAll(createReadStream(path), `${where}: ${path}`, signal);
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${where}: ${messageOf(error)}${hint}.`);
  }
}

async function readAll(
  stream: NodeJS.ReadStream | ReturnType<typeof createReadStream>,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  addAbortSignal(signal, stream);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > MAX_BYTES) throw new UsageError(`${what} is larger than ${MAX_BYTES} bytes.`);
    chunks.push(part);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    if (!text.includes('\0')) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw new UsageError(`${what} is not text in UTF-8.`);
}

function parse(text: string, where: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${where} is not JSON: ${messageOf(error)}`);
  }
  expectExactNumbers(text, where);
  return value;
}

function asArguments(value: unknown, where: string): Arguments {
  if (isRecord(value)) return value;
  throw new UsageError(`${where} must be a JSON object of arguments by name.`);
}
