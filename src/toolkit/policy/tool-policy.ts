import type { ToolDefinition } from '../tool-source.ts';

/**
 * A glob over exposed names, or what all of a tool must fit. Globs are case-sensitive; `*` stands for any characters.
 */
export type ToolRule = string | ToolTraits;

/** What is asked of a tool: all of what is given, at least one thing. */
export interface ToolTraits {
  /** Globs over exposed names: one of them must fit. */
  readonly name?: string | readonly string[];
  /** Globs over names of servers: one of them must fit. No tool of the toolkit's own that speaks to no server fits. */
  readonly server?: string | readonly string[];
  /** Whether the server says that the tool changes nothing. A tool that says nothing does not fit `true`. */
  readonly readOnlyHint?: boolean;
  /** Whether the tool may destroy: `true` fits also what says nothing about itself, as the protocol has it. */
  readonly destructiveHint?: boolean;
}

/**
 * Decides which tools are listed, which may be called, and how. Names in it are those of the source that it is put
 * around. Hints are what a server says of itself: trust them as far as you trust the server.
 */
export interface ToolPolicy {
  /**
   * Only tools that fit one of these are listed and can be called.
   * @default all of them
   */
  readonly allow?: readonly ToolRule[];
  /** Tools that fit one of these are neither listed nor callable, whatever `allow` says. */
  readonly deny?: readonly ToolRule[];
  /**
   * Asked before each call of a tool that may be called, when its arguments fit. Nothing is sent before it has answered;
   * it may take its time, as the timeout of a call does not run meanwhile. One that throws or answers with anything else
   * fails the call with `CONFIG_INVALID`.
   */
  readonly approve?: (call: ToolCallRequest) => Approval | Promise<Approval>;
  /** New names by exposed name: letters, digits, `_` and `-`, up to 64 of them. Where one is taken, it wins. */
  readonly rename?: Readonly<Record<string, string>>;
  /** New descriptions by exposed name. */
  readonly describe?: Readonly<Record<string, string>>;
  /**
   * Whether arguments are checked against the tool's input schema before anything is sent; regular expressions in it
   * are left to the server.
   * @default true
   */
  readonly checkArguments?: boolean;
}

/** A call that somebody is to decide about. */
export interface ToolCallRequest {
  /** The name that the model called. */
  readonly name: string;
  readonly tool: ToolDefinition;
  /** A frozen copy: what is approved is what is sent. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Aborts when the caller gives up: nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Yes, yes with other arguments, no, or no with a reason that the model is told. */
export type Approval =
  boolean | { readonly args: Readonly<Record<string, unknown>> } | { readonly refuse: string };
