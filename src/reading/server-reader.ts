import type { CallToolResult, RequestId } from '@modelcontextprotocol/client';
import { isRecord } from '../internal/checks.ts';
import { printable } from '../internal/text.ts';
import { readAnswer, readCall, withoutNulls, type Answer, type Call } from './messages.ts';
import { Findings, type Oddity, type OddityLog } from './oddities.ts';
import { readResult, readsResultOf, withinClient, type Asked } from './results.ts';
import { UNUSABLE } from './shapes.ts';
import { isToolResult, standIn } from './whole-result.ts';

/** How many requests without an answer are remembered. Answers to older ones are not mended. */
const MOST_ASKED = 4_096;
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const TOOL_CALL: Asked = { method: 'tools/call', params: undefined, modern: false };

/**
 * Mends what one server sends before the official client parses it: each odd part is mended or left out by itself, and
 * reported. A message without odd parts is passed on unchanged.
 */
export class ServerReader {
  readonly #log: OddityLog;
  /** Requests without an answer, by their ids: answers to these are to be read, even if their envelopes are right. */
  readonly pending = new Map<RequestId, Asked>();

  constructor(log: OddityLog) {
    this.#log = log;
  }

  /** Called with each request that is sent through the official client. */
  asked(id: RequestId, method: string, params: unknown): void {
    if (!readsResultOf(method)) return;
    const [oldest] = this.pending.size < MOST_ASKED ? [] : this.pending.keys();
    if (oldest !== undefined) this.pending.delete(oldest);
    this.pending.set(id, { method, params, modern: method === 'server/discover' || isModern(params) });
  }

  /** Called for a request that was cancelled. */
  forget(id: RequestId): void {
    this.pending.delete(id);
  }

  /**
   * Reads the answer to a request. With `isWhole` its envelope is right; with `isDirect` it is for a tool call that was sent
   * past the official client. Returns the same object when nothing is odd, and when it cannot be told what is meant.
   */
  readAnswer(id: RequestId, message: Answer, isWhole: boolean, isDirect: boolean): Answer {
    const asked = isDirect ? TOOL_CALL : this.pending.get(id);
    if (asked === undefined) return message;
    this.pending.delete(id);
    const findings = new Findings();
    const read = isWhole ? message : readAnswer({ ...message }, findings);
    if (read === undefined) return message;
    const where = `its answer to ${asked.method}`;
    if (!('result' in read)) {
      this.#log.report(where, findings);
      return read;
    }
    const result = readResult(asked, read.result, findings);
    if (result === UNUSABLE || !isRecord(result)) return message;
    if (isWhole && result === read.result) return message;
    this.#log.report(where, findings);
    const beyond = findings.isBeyondClient && !isDirect;
    return {
      jsonrpc: '2.0',
      id: read.id,
      result: beyond ? standIn(withinClient(result, asked.modern), result) : result,
    };
  }

  /**
   * Mends the result of a tool call that was sent past the official client, and that this would refuse. Returns undefined
   * when it cannot be told what is meant.
   */
  readToolResult(result: unknown): CallToolResult | undefined {
    const findings = new Findings();
    const read = readResult(TOOL_CALL, result, findings);
    if (read === result || !isToolResult(read)) return undefined;
    this.#log.report(`its answer to ${TOOL_CALL.method}`, findings);
    return read;
  }

  /** Reads a request or a notification; undefined when its params are of no use. */
  readCall(message: Call): Call | undefined {
    const findings = new Findings();
    const read = readCall(message, findings);
    const mended = read !== undefined && 'id' in read ? withoutNulls(read, findings) : read;
    if (mended !== message && mended !== undefined)
      this.#log.report(`its message ${printable(message.method, 80)}`, findings);
    return mended;
  }

  /** Reports something odd that was found elsewhere. */
  report(where: string, oddity: Oddity, place: string): void {
    const findings = new Findings();
    findings.add(oddity, place);
    this.#log.report(where, findings);
  }
}

function isModern(params: unknown): boolean {
  const meta = isRecord(params) ? params['_meta'] : undefined;
  return isRecord(meta) && meta[VERSION] !== undefined;
}
