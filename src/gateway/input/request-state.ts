import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { isRecord } from '../../internal/checks.ts';
import { INVALID_PARAMS, RpcError } from '../routing/rpc-error.ts';

/** What a `requestState` holds, beside what it is bound to. */
export type RequestState =
  /** The call waits here under this id. */
  | { readonly kind: 'parked'; readonly id: string }
  /** The call waits nowhere: this is the state that its server gave. */
  | {
      readonly kind: 'upstream';
      readonly server: string;
      readonly state: string | undefined;
      /** The digest of the call that the user has agreed to, if they had to. */
      readonly approved?: string | undefined;
    }
  /** The call was not made: the user signs in to the server first. */
  | { readonly kind: 'sign-in'; readonly id: string; readonly approved?: string | undefined }
  /** The call was not made: the user is asked whether they agree to it. */
  | { readonly kind: 'approval'; readonly approved: string };

/** What a `requestState` is good for: the same request, by the same principal. */
export interface StateBinding {
  readonly principal: string;
  readonly method: string;
  /** The name of the tool or prompt, or the URI. */
  readonly name: string;
}

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 1;

/**
 * Seals the state of a call that waits for a client's answer: encrypted and authenticated, bound to principal and request,
 * good for a time (specification: basic/patterns/mrtr, server requirements 4 and 5).
 */
export class RequestStates {
  readonly #key = randomBytes(32);
  readonly #bounds: { readonly parkedMs: number };

  constructor(bounds: { readonly parkedMs: number }) {
    this.#bounds = bounds;
  }

  seal(state: RequestState, binding: StateBinding): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv);
    cipher.setAAD(boundTo(binding));
    const expires = Date.now() + this.#bounds.parkedMs;
    const sealed = Buffer.concat([
      cipher.update(JSON.stringify({ ...state, expires }), 'utf8'),
      cipher.final(),
    ]);
    return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** Throws the error that the client is to get for a state that was changed, has expired, or is for something else. */
  open(sealed: string, binding: StateBinding): RequestState {
    const state = this.#opened(sealed, binding);
    if (state === undefined) throw invalidState();
    return state;
  }

  #opened(sealed: string, binding: StateBinding): RequestState | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    // Base64 has more than one text for some bytes: only the one that was given is good.
    if (bytes[0] !== VERSION || bytes.toString('base64url') !== sealed) return undefined;
    let parsed: unknown;
    try {
      const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(1, 1 + IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(boundTo(binding));
      decipher.setAuthTag(bytes.subarray(1 + IV_BYTES, 1 + IV_BYTES + TAG_BYTES));
      const plain = Buffer.concat([
        decipher.update(bytes.subarray(1 + IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]);
      parsed = JSON.parse(plain.toString('utf8'));
    } catch {
      return undefined;
    }
    if (!isRecord(parsed) || typeof parsed['expires'] !== 'number' || parsed['expires'] < Date.now())
      return undefined;
    return readState(parsed);
  }
}

function readState(given: Record<string, unknown>): RequestState | undefined {
  const { kind, id, server } = given;
  const approved = textOrNothing(given['approved']);
  if (kind === 'parked' && typeof id === 'string') return { kind, id };
  if (kind === 'sign-in' && typeof id === 'string') return { kind, id, approved };
  if (kind === 'approval' && approved !== undefined) return { kind, approved };
  if (kind !== 'upstream' || typeof server !== 'string') return undefined;
  return { kind, server, state: textOrNothing(given['state']), approved };
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function boundTo({ principal, method, name }: StateBinding): Buffer {
  return Buffer.from(JSON.stringify([principal, method, name]));
}

export function invalidState(): RpcError {
  return new RpcError(INVALID_PARAMS, 'Invalid or expired requestState', { reason: 'invalid_request_state' });
}
