import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverNotLocked } from '../../errors/lock.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { checkOptions, checkValue } from '../../options/check-options.ts';
import { file as fileKind } from '../../options/kinds.ts';
import { fileLockOptions } from '../../options/tables/lock.ts';
import type {
  DefinitionDrift,
  DefinitionLock,
  LockedKind,
  ServerLock,
} from '../../session/lock/definition-lock.ts';
import { isWellFormed, plainCopy, toWellFormed } from './canonical.ts';
import {
  LISTS,
  lockedOfPlain,
  lockedText,
  NAMED,
  type LockContent,
  type LockedServer,
} from './lock-content.ts';
import { readLock, stateOf } from './lock-file.ts';
import { isSameReach, reachOf } from './reach.ts';

export interface FileLockOptions {
  /**
   * What becomes of what differs from the lock: it can be neither listed nor used, and the server is not started (`block`),
   * or there is only an event (`warn`).
   * @default 'block'
   */
  onDrift?: 'block' | 'warn';
  /**
   * The servers as they stand in the file of the configuration, with `${VAR}` in place of values; it is read whenever a
   * server is started. Without it a variable of the lock may have any value.
   * @default none
   */
  unexpanded?: ReadonlyMap<string, object>;
}

/**
 * What was approved of servers, held in a file that `plenum lock` and `writeLock` write. It is given as `lock` to
 * `SessionGroup`, `SessionManager`, `createGateway` and `openSession`. What differs from it is reported as a `drift` event,
 * and blocked unless `onDrift` is `warn`. The file is read when a server is started and when its lists are fetched; a
 * missing file, and a server that is not in it, block nothing and are reported as a `problem` event. Throws `CONFIG_INVALID`; a file
 * that cannot be used fails each server with `CONFIG_INVALID`.
 */
export function fileLock(file: string | URL, options: FileLockOptions = {}): DefinitionLock {
  checkValue('path', fileKind, file);
  checkOptions(fileLockOptions, options, 'Options of a lock');
  const { onDrift = 'block', unexpanded } = options;
  return new FileLock(lockPathOf(file), onDrift === 'block', unexpanded ?? new Map());
}

export function lockPathOf(file: string | URL): string {
  return resolve(typeof file === 'string' ? file : fileURLToPath(file));
}

class FileLock implements DefinitionLock {
  readonly #path: string;
  readonly #blocks: boolean;
  readonly #unexpanded: ReadonlyMap<string, object>;
  #read:
    { readonly state: string | undefined; readonly content: Promise<LockContent | undefined> } | undefined;
  /** Of the latest content, so that the same lock is the same object. */
  readonly #opened = new WeakMap<LockedServer, LockOfServer>();

  constructor(file: string, blocks: boolean, unexpanded: ReadonlyMap<string, object>) {
    this.#path = file;
    this.#blocks = blocks;
    this.#unexpanded = unexpanded;
  }

  async open(server: string): Promise<ServerLock> {
    const locked = (await this.#content())?.get(server);
    if (locked === undefined) return unlocked(serverNotLocked(this.#path, server));
    const unexpanded = this.#unexpanded.get(server);
    const known = this.#opened.get(locked);
    if (known !== undefined && known.unexpanded === unexpanded) return known;
    const settings = { blocks: this.#blocks, unexpanded, folder: dirname(this.#path) };
    const opened = new LockOfServer(server, locked, settings);
    this.#opened.set(locked, opened);
    return opened;
  }

  /** Reads the file again when it has changed. */
  async #content(): Promise<LockContent | undefined> {
    const state = await stateOf(this.#path);
    if (this.#read === undefined || this.#read.state !== state)
      this.#read = { state, content: readLock(this.#path) };
    return this.#read.content;
  }
}

/** A server that a lock knows nothing of. */
function unlocked(problem: PlenumError): ServerLock {
  return {
    isLocked: false,
    problem,
    blocks: false,
    reached: () => undefined,
    instructions: () => undefined,
    check: (_, definition) => ({ definition, drift: undefined }),
    definitions: () => [],
  };
}

interface LockSettings {
  readonly blocks: boolean;
  readonly unexpanded: object | undefined;
  readonly folder: string;
}

class LockOfServer implements ServerLock {
  readonly isLocked = true;
  readonly problem = undefined;
  readonly blocks: boolean;
  readonly #server: string;
  readonly #locked: LockedServer;
  readonly #settings: LockSettings;

  constructor(server: string, locked: LockedServer, settings: LockSettings) {
    this.#server = server;
    this.#locked = locked;
    this.#settings = settings;
    this.blocks = settings.blocks;
  }

  get unexpanded(): object | undefined {
    return this.#settings.unexpanded;
  }

  reached(spec: object): DefinitionDrift | undefined {
    const { unexpanded, folder } = this.#settings;
    const before = this.#locked.reached;
    const after = reachOf(unexpanded ?? spec);
    if (isSameReach(before, after, unexpanded === undefined, folder)) return undefined;
    return this.#drift('server', this.#server, before, after);
  }

  instructions(said: string | undefined): DefinitionDrift | undefined {
    if (said === undefined || said === '') return undefined;
    const before = this.#locked.instructions;
    if (before?.digest === lockedText(said).digest && isWellFormed(said)) return undefined;
    return this.#drift('instructions', this.#server, before?.text, said);
  }

  check(kind: LockedKind, definition: object): { definition: object; drift: DefinitionDrift | undefined } {
    const copy = copyOf(definition);
    if (copy === undefined) return { definition, drift: this.#drifted(kind, definition, undefined) };
    const now = lockedOfPlain(copy);
    const before = this.#locked[LISTS[kind]].get(String(now.definition[NAMED[kind]]));
    const drift = before?.digest === now.digest ? undefined : this.#drifted(kind, copy, now.definition);
    return { definition: copy, drift };
  }

  definitions(kind: LockedKind): readonly object[] {
    return [...this.#locked[LISTS[kind]].values()].map(({ definition }) => definition);
  }

  #drifted(kind: LockedKind, definition: object, after: unknown): DefinitionDrift {
    const name = nameIn(definition, NAMED[kind]);
    return this.#drift(kind, name, this.#locked[LISTS[kind]].get(name)?.definition, after);
  }

  #drift(kind: DefinitionDrift['kind'], name: string, before: unknown, after: unknown): DefinitionDrift {
    const change = before === undefined ? 'added' : 'changed';
    return { kind, name, change, blocked: this.blocks, before, after };
  }
}

/** Undefined for what canonical JSON cannot hold, or what cannot be read. */
function copyOf(definition: object): object | undefined {
  try {
    const copy = plainCopy(definition);
    return isRecord(copy) ? copy : undefined;
  } catch {
    return undefined;
  }
}

function nameIn(definition: object, member: string): string {
  try {
    return toWellFormed(String(Reflect.get(definition, member)));
  } catch {
    return ''; // A getter threw.
  }
}
