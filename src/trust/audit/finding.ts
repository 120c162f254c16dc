/** What an audit looks for. */
export type FindingCode =
  | 'unpinned-package'
  | 'unpinned-image'
  | 'secret-in-file'
  | 'plain-http'
  | 'hidden-characters'
  | 'orders-to-model'
  | 'shadowed-name'
  | 'destructive-tool'
  | 'not-in-lock'
  | 'drift'
  | 'not-canonical';

/** Something that an audit found. */
export interface AuditFinding {
  readonly server: string;
  /** A `hint` may well be right as it is: a person has to look at it. */
  readonly level: 'warning' | 'hint';
  readonly code: FindingCode;
  /** The place in the server's entry, such as `env.TOKEN`, or what the server offers, such as `tool write`. */
  readonly where: string;
  readonly message: string;
}
