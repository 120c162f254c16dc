/** Whom a rule is for. All that is given must fit. */
export interface ClientMatch {
  /** Globs over the name of the API key that was shown, one of which must match. */
  readonly key?: string | readonly string[];
  /** The principal, or several of which it must be one. */
  readonly principal?: string | readonly string[];
  /** A scope that the client has, or several of which it must have one. */
  readonly scope?: string | readonly string[];
  /**
   * Claims of the token, by name. Each must have the value that is given, or one of several; a claim that is a list must
   * hold one.
   */
  readonly claim?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>>;
}

/** @inline */
export type ClaimValue = string | number | boolean;

/**
 * What a tool, prompt or resource must be like. All that is given must fit; something must be given. A glob in place of an
 * object is the same as an object with that `name`.
 */
export type EntryRule = string | EntryTraits;

export interface EntryTraits {
  /**
   * What it is. A resource template counts as a resource.
   * @default any, and `tool` when one of the hints is given
   */
  readonly kind?: 'tool' | 'prompt' | 'resource';
  /**
   * Globs, one of which must match: over the exposed name of a tool or prompt, or over `server__name`; over the URI of a
   * resource, or the text of a template.
   */
  readonly name?: string | readonly string[];
  /** Globs over the name of its server, one of which must match. */
  readonly server?: string | readonly string[];
  /** Whether the tool is annotated as read-only. A tool without the annotation does not match `true`. */
  readonly readOnlyHint?: boolean;
  /** Whether the tool may be destructive. `true` also matches a tool without annotations, as the protocol has it. */
  readonly destructiveHint?: boolean;
}

/** How much one principal may call. A call over a limit fails with the code `RATE_LIMITED` and `retryAfterMs`. */
export interface ClientRate {
  /**
   * How many calls of tools, prompts and resources a principal may make in a minute.
   * @default any number
   */
  readonly callsPerMinute?: number;
  /**
   * How many calls of each tool, prompt or resource a principal may make in a minute.
   * @default any number
   */
  readonly callsPerToolPerMinute?: number;
  /**
   * How much the calls of a principal in a minute may cost, by `costs`.
   * @default any cost
   */
  readonly costPerMinute?: number;
  /**
   * What a call of a tool, prompt or resource costs, by globs over exposed names and URIs. The first that matches counts.
   * @default 1 for each call
   */
  readonly costs?: Readonly<Record<string, number>>;
}

/** What some clients may see and do. */
export interface ClientRule {
  /**
   * Whom it is for.
   * @default every client
   */
  readonly match?: ClientMatch;
  /**
   * Globs over names of servers: these clients see and reach no others.
   * @default all of them
   */
  readonly servers?: readonly string[];
  /**
   * Only what matches one of these rules can be seen and used, of tools, prompts and resources alike.
   * @default everything
   */
  readonly allow?: readonly EntryRule[];
  /**
   * What matches one of these rules can neither be seen nor used, even if `allow` matches.
   * @default nothing
   */
  readonly deny?: readonly EntryRule[];
  /**
   * Whether these clients are shown the tools (`tools`), or three tools with which to search, describe and call them
   * (`search`).
   * @default 'tools'
   */
  readonly view?: 'tools' | 'search';
  /**
   * How much one principal may call.
   * @default no limits
   */
  readonly rate?: ClientRate;
  /**
   * Calls of tools that match one of these rules are made when the user of the client has agreed. They are asked through
   * elicitation; a client that cannot ask gets an error.
   * @default none
   */
  readonly approve?: readonly EntryRule[];
}
