import type { UnreadyMember } from '../../errors/catalog.ts';
import { prefixesOf, prefixIn } from '../catalog/prefixed-name.ts';
import type { CatalogKind } from '../catalog/catalog.ts';
import type { Member } from './member.ts';

/**
 * The servers of which some entries of these kinds may be missing. With the exposed name of a tool or prompt, those that
 * its prefix stands for come first, marked as `expected`.
 */
export function unreadyServers(
  members: Iterable<Member>,
  kinds: readonly CatalogKind[],
  name?: string,
): UnreadyMember[] {
  const prefix = name === undefined ? undefined : prefixIn(name);
  const found = [...members].flatMap((member): UnreadyMember[] => {
    const shown = stateOf(member, kinds);
    if (shown === undefined) return [];
    const expected = prefix !== undefined && prefix !== name && isPrefixOf(prefix, member);
    return [{ server: member.name, ...shown, expected }];
  });
  return found.toSorted((a, b) => Number(b.expected) - Number(a.expected));
}

function isPrefixOf(prefix: string, { name, exposure }: Member): boolean {
  return exposure.naming === 'prefixed' && prefixesOf(name).has(prefix);
}

type Shown = Pick<UnreadyMember, 'state' | 'error'>;

/** Undefined when all its entries of these kinds are in the catalog. */
function stateOf(member: Member, kinds: readonly CatalogKind[]): Shown | undefined {
  const { state, error } = member.session.status;
  if (member.refusal !== undefined) return { state: 'failed', error: member.refusal };
  if (member.phase !== 'joined' || state === 'closed' || member.isUnlisted) return { state, error };
  const failed = kinds.map((kind) => member.listError(kind)).find((each) => each !== undefined);
  return failed === undefined ? undefined : { state, error: failed };
}
