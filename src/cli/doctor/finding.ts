/** Something that is to be said about a server. */
export interface Finding {
  readonly level: 'error' | 'warning';
  /** Stable, for programs. */
  readonly code: FindingCode;
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

export type FindingCode =
  | 'command-not-found'
  | 'not-executable'
  | 'wrong-folder'
  | 'wrong-path'
  | 'exits'
  | 'needs-auth'
  | 'other-era'
  | 'not-an-mcp-server'
  | 'unreachable'
  | 'hangs'
  | 'failed'
  | 'noisy-stdout'
  | 'list-failed'
  | 'name-collision';
