import type { PlenumError } from '../../errors/plenum-error.ts';

/** What a lock holds of a server, beside how it is reached and its instructions. */
export type LockedKind = 'tool' | 'prompt' | 'resourceTemplate';

/** How what a server offers, or how it is reached, differs from what was approved. */
export interface DefinitionDrift {
  /** `instructions` are those of the handshake; `server` is how the server is reached. */
  readonly kind: LockedKind | 'instructions' | 'server';
  /** What the server calls it; the name of the server for `instructions` and `server`. */
  readonly name: string;
  /** Whether it differs from what was approved, or nothing of this name was. */
  readonly change: 'changed' | 'added';
  /** Whether it cannot be used therefore. */
  readonly blocked: boolean;
  /** What was approved; undefined when it was added. */
  readonly before: unknown;
  /** What there is now; undefined when it is no JSON, so that it cannot be compared. */
  readonly after: unknown;
}

/**
 * Holds what was approved of servers. `fileLock` of `mcp-plenum/trust` makes one of a file. It is asked anew for each
 * connection, so that it may change while sessions are open.
 */
export interface DefinitionLock {
  /** What was approved of this server. Rejects with `CONFIG_INVALID` when that cannot be told: then it is not started. */
  open(server: string): Promise<ServerLock>;
}

/** What was approved of one server. */
export interface ServerLock {
  /** Whether anything of the server is in the lock. If not, nothing of it is checked. */
  readonly isLocked: boolean;
  /** What is to be said about it, once. */
  readonly problem: PlenumError | undefined;
  /** Whether what differs cannot be used, or is only reported. */
  readonly blocks: boolean;
  /** Compares how the server is reached. */
  reached(spec: object): DefinitionDrift | undefined;
  instructions(text: string | undefined): DefinitionDrift | undefined;
  /**
   * Compares a definition. Also returns it as it was compared: a copy of plain data, where it is JSON, that nobody else
   * can change.
   */
  check(
    kind: LockedKind,
    definition: object,
  ): { readonly definition: object; readonly drift: DefinitionDrift | undefined };
  /** All that was approved of a kind. */
  definitions(kind: LockedKind): readonly object[];
}

/** Compares what a server lists over one connection with a lock, and lets through what may be requested. */
export interface RequestGuard {
  /** How often the server has said that lists have changed. */
  readonly changes: number;
  /** Called when the server says that a list has changed: nothing of it may be used until it was listed again. */
  listChanged(list: 'tools' | 'prompts' | 'resources'): void;
  /**
   * Returns undefined when a request may be sent now; else a promise that resolves when it may. Throws or rejects with
   * `DEFINITION_DRIFT`, or with the error of the list that had to be fetched.
   */
  admit(method: string, params: unknown): Promise<void> | undefined;
  /** As `admit`, for the most frequent request. */
  admitTool(name: string): Promise<void> | undefined;
  /**
   * Takes what differs out of the result of a list. `isWhole`: it has all pages. `changes` is how often lists had changed
   * when it was requested: of an older list nothing may be used. Returns the same object for a result that is no list.
   */
  read<T>(result: T, isWhole: boolean, changes: number): T;
}
