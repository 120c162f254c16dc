import { createHmac } from 'node:crypto';
import { isRecord } from '../../internal/checks.ts';
import { canonicalJson } from '../../internal/json/canonical-json.ts';
import { printable } from '../../internal/text.ts';
import type { Identity } from '../identity/identity.ts';
import type { ClientRequest } from '../routing/client-request.ts';
import { Denied } from '../routing/denied.ts';
import { RpcError } from '../routing/rpc-error.ts';

/** What an audit log says of one call. */
export interface AuditEntry {
  /** When the call was over, as `2026-11-30T22:00:00.000Z`. */
  readonly time: string;
  readonly principal: string;
  /** The name of the API key that was shown. */
  readonly key?: string;
  /** `tools/call`, `prompts/get` or `resources/read`. */
  readonly method: string;
  /** The server that has what was named, if one has it. */
  readonly server?: string;
  /** The exposed name of the tool or prompt; of a resource its URI without user, query and fragment. */
  readonly name: string;
  /** The HMAC-SHA256 of the arguments in canonical JSON (of a resource, of its whole URI), and their size in bytes. */
  readonly arguments: { readonly digest: string; readonly bytes: number };
  /** Whether it was handed to a server. */
  readonly decision: 'allowed' | 'denied';
  /** The code of the error by which it was denied or failed. */
  readonly why?: string | number;
  /** `tool-error`: the tool itself reported one. `input-required`: the client has to answer first. */
  readonly outcome: 'ok' | 'tool-error' | 'input-required' | 'error';
  /** In milliseconds. */
  readonly ms: number;
  /** How many entries before this one were dropped. */
  readonly dropped?: number;
}

const AUDITED: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read']);

/** By these a call ends before any server hears of it. */
const DENIALS: ReadonlySet<unknown> = new Set([
  'UNKNOWN_TOOL',
  'UNKNOWN_PROMPT',
  'UNKNOWN_RESOURCE',
  'AMBIGUOUS_RESOURCE',
  'DEFINITION_DRIFT',
  'AUDIT_FAILING',
  'NOT_ALLOWED',
  'RATE_LIMITED',
  'NOT_APPROVED',
]);

export function isAudited({ method }: ClientRequest): boolean {
  return AUDITED.has(method);
}

/** What came of a call. */
export type CallOutcome =
  { readonly result: Readonly<Record<string, unknown>> } | { readonly error: unknown };

export function auditEntry(
  { principal, key }: Identity,
  { method, params }: ClientRequest,
  server: string | undefined,
  came: CallOutcome,
  ms: number,
  secret: string | Buffer,
): AuditEntry {
  const isRead = method === 'resources/read';
  const named = isRead ? params['uri'] : params['name'];
  const text = canonicalJson((isRead ? named : params['arguments']) ?? null, () => 'null');
  const why = 'error' in came ? reasonOf(came.error) : undefined;
  return {
    time: new Date().toISOString(),
    principal: printable(principal, 500),
    ...(key !== undefined && { key }),
    method,
    ...(server !== undefined && { server }),
    name: typeof named === 'string' ? (isRead ? bareUri(named) : printable(named)) : '',
    arguments: {
      digest: createHmac('sha256', secret).update(text).digest('hex'),
      bytes: Buffer.byteLength(text),
    },
    decision: DENIALS.has(why) ? 'denied' : 'allowed',
    ...(why !== undefined && { why }),
    outcome: outcomeOf(came),
    ms: Math.round(ms * 10) / 10,
  };
}

function outcomeOf(came: CallOutcome): AuditEntry['outcome'] {
  if ('error' in came) return 'error';
  if (came.result['isError'] === true) return 'tool-error';
  return came.result['resultType'] === 'input_required' ? 'input-required' : 'ok';
}

/** A code of ours, or the number of an error that a server sent; never a text, which may hold anything. */
function reasonOf(error: unknown): string | number {
  // The client is told another one, as if there were no such thing.
  if (error instanceof Denied && error.reason === 'not-allowed') return 'NOT_ALLOWED';
  if (!(error instanceof RpcError)) return 'INTERNAL';
  const code = isRecord(error.data) ? error.data['code'] : undefined;
  return typeof code === 'string' && /^[A-Z_]{1,60}$/.test(code) ? code : error.code;
}

/** A URI without the parts in which secrets stand. */
function bareUri(uri: string): string {
  const [bare = ''] = uri.split(/[?#]/, 1);
  return printable(bare.replace(/^([a-z][\w+.-]*:\/\/)[^/]*@/i, '$1'));
}
