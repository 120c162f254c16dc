import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { mayReadOn, nextTurn } from '../../backlog.ts';
import { isRecord } from '../../../internal/checks.ts';
import { isAnswer, isCall, isMessage, messagesIn } from '../../json-rpc.ts';
import { EventSplitter, type BodyLimit } from '../network/event-stream.ts';
import type { Relation } from '../../managed-transport.ts';
import { isOpenStream } from '../network/answer-type.ts';

/** The member, or the method, of a stand-in for a message that the official transports would drop. */
const AS_SENT = 'mcp-plenum/as-sent';
/** The member of a stand-in that says to which request the message belongs. */
const RELATION = 'mcp-plenum/relation';
const LF = 0x0a;
/** How often an event is read: here, and by the official transport. */
const READINGS = 3;
/** With more lines, an event is passed on in one line of data: the official transports take long to read many. */
const MOST_LINES = 64;

/**
 * Lets odd messages pass the official transports, which drop whatever is not exactly right, so that nobody would get an
 * answer; and lets it be known on which stream a message came, which they do not tell. In the body, each such message is
 * replaced by a stand-in, and {@link asSent} takes it out again. A server gains nothing by sending a stand-in of its own: it
 * could send what is in it, and on any stream. `onText` is told of a body that is JSON.
 */
export async function withStandIns(
  response: Response,
  relation: Relation = 'none',
  onText?: (text: string) => void,
): Promise<Response> {
  if (!response.ok || response.body === null) return response;
  if (isOpenStream(response)) return copyOf(response, response.body.pipeThrough(standInEvents(relation)));
  const type = response.headers.get('content-type') ?? '';
  if (!/^application\/json\b/i.test(type.trim())) return response;
  const text = await response.text();
  onText?.(text);
  return copyOf(response, standInText(text, relation) ?? text);
}

/** The message that a server sent, whether it passed by a stand-in or as it is. */
export function asSent(message: JSONRPCMessage): JSONRPCMessage {
  const holder: unknown =
    'result' in message ? message.result : 'params' in message ? message.params : undefined;
  const sent = isRecord(holder) ? holder[AS_SENT] : undefined;
  return isMessage(sent) ? sent : message;
}

/** To which request a message belongs that passed by a stand-in, or as it is. */
export function relationIn(message: JSONRPCMessage): Relation {
  const holder: unknown = 'params' in message ? message.params : undefined;
  const relation = isRecord(holder) ? holder[RELATION] : undefined;
  return typeof relation === 'number' ? relation : 'none';
}

function copyOf(
  { status, statusText, headers }: Response,
  body: string | ReadableStream<Uint8Array>,
): Response {
  return new Response(body, { status, statusText, headers });
}

/** The text with stand-ins for its messages; undefined when none needs one, or it holds anything else. */
function standInText(text: string, relation: Relation): string | undefined {
  let messages: readonly JSONRPCMessage[];
  let isBatch: boolean;
  try {
    const value: unknown = JSON.parse(text);
    isBatch = Array.isArray(value);
    messages = messagesIn(value);
  } catch {
    return undefined;
  }
  if (isBatch) mayReadOn(0, messages.length * READINGS);
  const passed = messages.map((message) => standInFor(message, relation));
  if (!isBatch && passed[0] === messages[0]) return undefined;
  return JSON.stringify(isBatch ? passed : passed[0]);
}

function standInFor(message: JSONRPCMessage, relation: Relation): JSONRPCMessage {
  if (isCall(message)) {
    if (relation !== 'none')
      return { jsonrpc: '2.0', method: AS_SENT, params: { [AS_SENT]: message, [RELATION]: relation } };
    if (isRightCall(message)) return message;
    return { jsonrpc: '2.0', method: AS_SENT, params: { [AS_SENT]: message } };
  }
  const { id } = message;
  if (isAnswer(message) || id === undefined) return message;
  return { jsonrpc: '2.0', id, result: { [AS_SENT]: message } };
}

const CALL_MEMBERS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params']);

function isRightCall(message: object): boolean {
  for (const key in message) if (!CALL_MEMBERS.has(key)) return false;
  const { jsonrpc, id, params }: { jsonrpc?: unknown; id?: unknown; params?: unknown } = message;
  if (jsonrpc !== '2.0' || id === null) return false;
  return params === undefined || (isRecord(params) && params['_meta'] === undefined);
}

/** The body that it reads has limits already. */
const NO_LIMIT: BodyLimit = { maxBytes: Infinity, tooLarge: () => new RangeError('too large') };

/** Replaces events. When many come at once, they are passed on in more than one turn of the event loop. */
function standInEvents(relation: Relation): TransformStream<Uint8Array, Uint8Array> {
  const splitter = new EventSplitter(NO_LIMIT);
  return new TransformStream({
    async transform(chunk, controller) {
      const text = splitter.push(Buffer.from(chunk));
      if (text === undefined) return;
      let passed = '';
      for (const block of blocksOf(text)) {
        passed += `${standInBlock(block, relation)}\n\n`;
        if (mayReadOn(block.length * READINGS, READINGS)) continue;
        controller.enqueue(Buffer.from(passed));
        passed = '';
        await nextTurn();
      }
      if (passed !== '') controller.enqueue(Buffer.from(passed));
    },
    flush(controller) {
      for (const rest of splitter.rest) controller.enqueue(rest);
    },
  });
}

/** The events of a text, without the blank lines between them. */
function* blocksOf(text: string): Generator<string> {
  for (let start = startOfLine(text, 0); start < text.length;) {
    const found = text.indexOf('\n\n', start);
    const end = found === -1 ? text.length : found;
    yield text.slice(start, end);
    start = startOfLine(text, end);
  }
}

/** Where the next line begins that is not blank. */
function startOfLine(text: string, from: number): number {
  let start = from;
  while (text.charCodeAt(start) === LF) start++;
  return start;
}

/** One event, as lines. A batch becomes one event for each message; the last one has the id. */
function standInBlock(block: string, relation: Relation): string {
  const lines = block.split('\n');
  const isOfMessage = lines.every((line) => !line.startsWith('event:') || /^event: ?message$/.test(line));
  const data = lines.filter((line) => line.startsWith('data:'));
  const isLong = lines.length > MOST_LINES;
  if (!isOfMessage || data.length === 0)
    return isLong ? [...lastOfEachField(lines), ...data.slice(0, 1)].join('\n') : block;
  const sent = data.map((line) => line.slice(5)).join('\n');
  const text = standInText(sent, relation);
  if (text === undefined && !isLong) return block;
  const others = isLong ? lastOfEachField(lines) : lines.filter((line) => !line.startsWith('data:'));
  if (text === undefined) return [...others, `data:${sent.replaceAll('\n', ' ')}`].join('\n');
  const value: unknown = JSON.parse(text);
  const messages: readonly unknown[] = Array.isArray(value) ? value : [value];
  const events = messages.map((message) => `data: ${JSON.stringify(message)}`);
  return [...events.slice(0, -1), [...others, ...events.slice(-1)].join('\n')].join('\n\n');
}

/** The lines that count of those that hold no data. */
function lastOfEachField(lines: readonly string[]): string[] {
  return ['event:', 'id:', 'retry:'].flatMap(
    (field) => lines.findLast((line) => line.startsWith(field)) ?? [],
  );
}
