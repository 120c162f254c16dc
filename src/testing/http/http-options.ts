import { badTestInput } from '../../errors/testing.ts';
import { count, durationMs, flag, nonEmpty, oneOf, shape } from '../script/checks.ts';

export interface ServeHttpOptions {
  /**
   * Whether clients of the legacy era get a session, as from a stateful server.
   * @default true
   */
  sessions?: boolean;
  /**
   * How requests are answered: `json` answers with plain JSON, or with an event stream when messages precede the
   * answer; `sse` always with an event stream, which can be resumed within a session.
   * @default 'json'
   */
  answers?: 'json' | 'sse';
  /** @default 0, a free one */
  port?: number;
  /**
   * How long each HTTP request waits before it is handled, in milliseconds.
   * @default 0
   */
  latencyMs?: number;
  /**
   * The `retry` field of event streams: how long clients wait before they resume, in milliseconds. Absent by default.
   */
  retryMs?: number;
  /** The bearer token that requests must carry; others are answered with 401. Absent by default. */
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

/** Throws `CONFIG_INVALID` for invalid options. */
export function checkHttpOptions(options: ServeHttpOptions): void {
  const problem = fields(options, 'options');
  if (problem !== undefined) throw badTestInput('HTTP cannot be served so', problem);
}
