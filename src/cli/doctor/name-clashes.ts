import { namesTaken } from '../../errors/catalog.ts';
import {
  CATALOG_KINDS,
  type CatalogKind,
  type CatalogCollision,
  type Naming,
} from '../../group/catalog/catalog.ts';
import { errorText } from '../errors/error-text.ts';
import { isExclusive } from '../../group/catalog/expose.ts';
import type { Diagnosis } from './diagnose.ts';

/**
 * Adds the name collisions between servers, which do not show when each is opened alone: a server with a name that an
 * earlier server has is refused as a whole.
 */
export function withNameClashes(
  diagnoses: readonly Diagnosis[],
  namingOf: (server: string) => Naming,
): Diagnosis[] {
  const taken = new Map<string, string[]>();
  return diagnoses.map((diagnosis) => {
    const { server, catalog } = diagnosis;
    if (catalog === undefined) return diagnosis;
    const wanted = CATALOG_KINDS.flatMap((kind) => [...catalog[kind].keys()].map((key) => ({ kind, key })));
    const clashes = (kind: CatalogKind, owner: string): boolean =>
      isExclusive(kind, namingOf(server)) || isExclusive(kind, namingOf(owner));
    const collisions = wanted.flatMap(({ kind, key }): CatalogCollision[] => {
      const owner = taken.get(`${kind} ${key}`)?.find((each) => clashes(kind, each));
      return owner === undefined ? [] : [{ kind, key, owner, newcomer: server }];
    });
    if (collisions.length > 0) return refused(diagnosis, collisions);
    for (const { kind, key } of wanted) {
      const owners = taken.get(`${kind} ${key}`) ?? [];
      taken.set(`${kind} ${key}`, [...owners, server]);
    }
    return diagnosis;
  });
}

function refused(diagnosis: Diagnosis, collisions: readonly CatalogCollision[]): Diagnosis {
  const error = namesTaken(collisions, diagnosis.server);
  const finding = {
    level: 'error' as const,
    code: 'name-collision' as const,
    message: errorText(error),
    advice:
      'It is left out beside the others. Use "naming": "prefixed", or choose its tools with "tools", in the configuration.',
  };
  return { ...diagnosis, findings: [...diagnosis.findings, finding], error };
}
