import type { ToolDefinition } from '../tool-source.ts';

/** A glob on exposed names, or traits that a tool must have. Globs are case-sensitive; `*` matches any characters. */
export type ToolRule = string | ToolTraits;

/** Traits of a tool. A tool must have all that are given; at least one must be given. */
export interface ToolTraits {
  /** Globs on exposed names, one of which must match. */
  readonly name?: string | readonly string[];
  /**
   * Globs on names of servers, one of which must match. They never match a tool that the toolkit adds for no
   * particular server.
   */
  readonly server?: string | readonly string[];
  /** Whether the tool is annotated as read-only. A tool without the annotation does not match `true`. */
  readonly readOnlyHint?: boolean;
  /**
   * Whether the tool may be destructive. `true` also matches a tool without annotations, which is the protocol's
   * default.
   */
  readonly destructiveHint?: boolean;
}

/**
 * Decides which tools are listed, which may be called, and how. Names are those of the source that the policy is
 * applied to; a tool that could not have its usual name, because another has it or a provider refuses it, is known by that name,
 * too. An entry that matches nothing is one of the source's `problems`. Annotations come from the server: trust them as far as you trust the server.
 */
export interface ToolPolicy {
  /**
   * Only tools that match one of these rules are listed and can be called.
   * @default all of them
   */
  readonly allow?: readonly ToolRule[];
  /** Tools that match one of these rules are neither listed nor callable, even if `allow` matches. */
  readonly deny?: readonly ToolRule[];
  /**
   * Called before each allowed call whose arguments are valid. The call is sent after it has approved; the call's
   * timeout does not run meanwhile. If it throws or returns anything else than an {@link Approval}, the call rejects
   * with `CONFIG_INVALID`.
   */
  readonly approve?: (call: ToolCallRequest) => Approval | Promise<Approval>;
  /**
   * New names by exposed name: up to 64 letters, digits, `_` and `-`. A renamed tool replaces another one that has
   * the new name.
   */
  readonly rename?: Readonly<Record<string, string>>;
  /** New descriptions by exposed name. */
  readonly describe?: Readonly<Record<string, string>>;
  /**
   * Whether arguments are checked against the tool's input schema before the call is sent. Regular expressions in the
   * schema are left to the server.
   * @default true
   */
  readonly checkArguments?: boolean;
}

/** A call that needs a decision. */
export interface ToolCallRequest {
  /** The name that the model called. */
  readonly name: string;
  /**
   * All names by which the policy knows the tool: the one in its source first, then those that it would have if they were
   * free and valid for every provider. Decide by these, as a server can take a name from a tool of the toolkit's own.
   */
  readonly names: readonly string[];
  readonly tool: ToolDefinition;
  /** A frozen copy: what is approved is what is sent. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Aborts when the caller has aborted the call. */
  readonly signal: AbortSignal;
}

/** Approves the call, approves it with other arguments, refuses it, or refuses it with a reason for the model. */
export type Approval =
  boolean | { readonly args: Readonly<Record<string, unknown>> } | { readonly refuse: string };
