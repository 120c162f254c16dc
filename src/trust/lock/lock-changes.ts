import type { LockedKind } from '../../session/lock/definition-lock.ts';
import { LISTS, LOCKED_KINDS, type LockContent, type LockedServer } from './lock-content.ts';
import { digestOf, plainCopy } from './canonical.ts';
import { isSameReach } from './reach.ts';

/** One difference between what was approved and what there is now. */
export interface LockChange {
  readonly server: string;
  /** `server` is how it is reached, or the whole server where it is added or removed. */
  readonly kind: LockedKind | 'instructions' | 'server';
  readonly name: string;
  readonly change: 'added' | 'changed' | 'removed';
  readonly before: unknown;
  readonly after: unknown;
}

/** By which a change that was shown is known again: of all that was and is. */
export function digestOfChange({ server, kind, name, change, before, after }: LockChange): string {
  return digestOf(plainCopy([server, kind, name, change, before ?? null, after ?? null]));
}

/** The same of several changes. */
export function digestOfChanges(changes: readonly LockChange[]): string {
  return digestOf(changes.map(digestOfChange).toSorted());
}

/** How what there is now differs from what was approved. A server that is in `before` alone is `removed`. */
export function changesBetween(before: LockContent, after: LockContent): LockChange[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].toSorted();
  return names.flatMap((server) => changesOf(server, before.get(server), after.get(server)));
}

function changesOf(
  server: string,
  before: LockedServer | undefined,
  after: LockedServer | undefined,
): LockChange[] {
  const change = (kind: LockChange['kind'], name: string, was: unknown, is: unknown): LockChange => ({
    server,
    kind,
    name,
    change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed',
    before: was,
    after: is,
  });
  if (before === undefined || after === undefined)
    return [change('server', server, before?.reached, after?.reached)];
  const changes: LockChange[] = [];
  if (!isSameReach(before.reached, after.reached, false, ''))
    changes.push(change('server', server, before.reached, after.reached));
  if (before.instructions?.digest !== after.instructions?.digest)
    changes.push(change('instructions', server, before.instructions?.text, after.instructions?.text));
  for (const kind of LOCKED_KINDS) {
    const [was, is] = [before[LISTS[kind]], after[LISTS[kind]]];
    for (const name of [...new Set([...was.keys(), ...is.keys()])].toSorted()) {
      if (was.get(name)?.digest !== is.get(name)?.digest)
        changes.push(change(kind, name, was.get(name)?.definition, is.get(name)?.definition));
    }
  }
  return changes;
}

/** The content after some changes were approved. */
export function withChanges(
  before: LockContent,
  now: LockContent,
  accepted: readonly LockChange[],
): LockContent {
  const result = new Map(before);
  for (const { server, kind, name, change } of accepted) {
    const locked = result.get(server);
    const is = now.get(server);
    if (is === undefined) result.delete(server);
    else if (locked === undefined) result.set(server, is);
    else if (kind === 'server') result.set(server, { ...locked, reached: is.reached });
    else if (kind === 'instructions') {
      const { instructions: _, ...rest } = locked;
      result.set(server, { ...rest, ...(is.instructions && { instructions: is.instructions }) });
    } else {
      const list = new Map(locked[LISTS[kind]]);
      const definition = is[LISTS[kind]].get(name);
      if (change === 'removed' || definition === undefined) list.delete(name);
      else list.set(name, definition);
      result.set(server, { ...locked, [LISTS[kind]]: list });
    }
  }
  return result;
}
