import { PlenumError } from '../../errors/plenum-error.ts';
import { count, durationMs, flag, nonEmpty, oneOf, shape } from '../script/checks.ts';

export interface ServeHttpOptions {
  /**
   * Whether clients of the legacy era get a session, as stateful servers give them.
   * @default true
   */
  sessions?: boolean;
  /**
   * How requests are answered: with plain JSON, unless there is something to say before the answer, or always with
   * an event stream (which in a session can be resumed).
   * @default 'json'
   */
  answers?: 'json' | 'sse';
  /** @default 0, a free one */
  port?: number;
  /**
   * How long each HTTP request waits before it is looked at, in milliseconds.
   * @default 0
   */
  latencyMs?: number;
  /** What clients are told to wait before they resume a stream, in milliseconds. */
  retryMs?: number;
  /** The bearer token without which there is a 401. */
  token?: string;
}

const fields = shape(
  {},
  {
    sessions: flag,
    answers: oneOf('json', 'sse'),
    port: count,
    latencyMs: durationMs,
    retryMs: count,
    token: nonEmpty,
  },
);

/** Refuses options that are none. */
export function checkHttpOptions(options: ServeHttpOptions): void {
  const problem = fields(options, 'options');
  if (problem !== undefined) throw new PlenumError('CONFIG_INVALID', `HTTP cannot be served so: ${problem}.`);
}
