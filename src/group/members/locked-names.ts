import type { LockedKind, ServerLock } from '../../session/lock/definition-lock.ts';
import type { CachedServer } from '../cache/cached-server.ts';
import type { CatalogKind } from '../catalog/catalog.ts';
import { expose } from '../catalog/expose.ts';
import type { Member } from './member.ts';

const KINDS: readonly (readonly [LockedKind, Exclude<CatalogKind, 'resources'>])[] = [
  ['tool', 'tools'],
  ['prompt', 'prompts'],
  ['resourceTemplate', 'resourceTemplates'],
];

/**
 * The cached catalogs without those that a lock does not hold exactly so: their servers are opened, which shows what they
 * offer now.
 */
export async function withoutUnapproved(
  known: ReadonlyMap<string, CachedServer>,
  members: readonly Member[],
): Promise<ReadonlyMap<string, CachedServer>> {
  const approved = new Map(known);
  for (const { name, own, locked } of members) {
    const record = known.get(name);
    if (record === undefined || locked?.isLocked === false) continue;
    const mayStart = await own?.checkLock().then(
      () => true,
      () => false,
    );
    // Of a lock that cannot be read nothing is known.
    if (mayStart === false || locked === undefined || !isApproved(record, locked)) approved.delete(name);
  }
  return approved;
}

function isApproved({ listing, instructions }: CachedServer, locked: ServerLock): boolean {
  if (!locked.blocks) return true;
  if (locked.instructions(instructions) !== undefined) return false;
  return KINDS.every(([kind, list]) => {
    const entries = listing[list] ?? [];
    if (entries.length < locked.definitions(kind).length) return false;
    return entries.every((entry) => locked.check(kind, entry).drift === undefined);
  });
}

/**
 * Keeps names for the servers that a lock knows them of: while such a server does not offer them, no other may take them.
 * With the naming `prefixed` no two servers have the same.
 */
export class LockedNames {
  readonly #members: () => Iterable<Member>;
  readonly #names = new WeakMap<ServerLock, ReadonlyMap<CatalogKind, ReadonlySet<string>>>();

  constructor(members: () => Iterable<Member>) {
    this.#members = members;
  }

  /** The server that an exposed name is kept for; undefined when `member` may have it. */
  ownerBeside(member: Member, kind: CatalogKind, key: string): string | undefined {
    let isEarlier = true;
    for (const other of this.#members()) {
      if (other === member) isEarlier = false;
      // Of two servers that the lock knows a name of, the first has it, as it has without a lock.
      else if (other.locked?.isLocked === true && (isEarlier || member.locked?.isLocked !== true)) {
        if (this.#namesOf(other, other.locked).get(kind)?.has(key) === true) return other.name;
      }
    }
    return undefined;
  }

  #namesOf(
    { name, exposure, session }: Member,
    locked: ServerLock,
  ): ReadonlyMap<CatalogKind, ReadonlySet<string>> {
    const known = this.#names.get(locked);
    if (known !== undefined) return known;
    const origin = { server: name, serverInfo: session.serverInfo };
    const names = KINDS.map(([kind, list]): [CatalogKind, ReadonlySet<string>] => {
      try {
        const exposed = expose(list, locked.definitions(kind), exposure, origin);
        return [list, new Set(exposed.map(([key]) => key))];
      } catch {
        return [list, new Set()]; // The naming function fails, which its server is refused for.
      }
    });
    const made = new Map(names);
    this.#names.set(locked, made);
    return made;
  }
}
