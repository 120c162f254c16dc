import { namingThrew, noNameGiven } from '../../errors/catalog.ts';
import { printable } from '../../internal/text.ts';
import type { CatalogKind, Exposure, Naming, NamingContext, NamingKind, CatalogOrigin } from './catalog.ts';
import { prefixedName } from './prefixed-name.ts';

const NAMING_KIND: { readonly [K in CatalogKind]: NamingKind } = {
  tools: 'tool',
  resources: 'resource',
  resourceTemplates: 'resourceTemplate',
  prompts: 'prompt',
};

/** Whether two servers must not have the same key. Under `prefixed`, several may list the same URI. */
export function isExclusive(kind: CatalogKind, naming: Naming): boolean {
  return naming !== 'prefixed' || kind === 'tools' || kind === 'prompts';
}

/** The name, URI or URI template that the server gave an entry. */
function upstreamNameOf(kind: CatalogKind, definition: object): string {
  const field = kind === 'resources' ? 'uri' : kind === 'resourceTemplates' ? 'uriTemplate' : 'name';
  return String(Reflect.get(definition, field));
}

/**
 * Adds exposed name and origin to each definition that is exposed. Throws `CONFIG_INVALID` for a bad naming function.
 */
export function expose<D extends object>(
  kind: CatalogKind,
  definitions: readonly D[],
  { naming, offersTool }: Exposure,
  { server, serverInfo }: Pick<NamingContext, 'server' | 'serverInfo'>,
): [key: string, entry: D & CatalogOrigin][] {
  return definitions.flatMap((definition): [string, D & CatalogOrigin][] => {
    const upstreamName = upstreamNameOf(kind, definition);
    if (kind === 'tools' && !offersTool(upstreamName)) return [];
    const key = keyOf(upstreamName, naming, {
      server,
      serverInfo,
      kind: NAMING_KIND[kind],
      name: String(Reflect.get(definition, 'name')),
    });
    return [[key, Object.freeze({ ...definition, server, upstreamName })]];
  });
}

function keyOf(upstreamName: string, naming: Naming, context: NamingContext): string {
  if (naming === 'bare') return upstreamName;
  if (naming === 'prefixed') {
    const byUri = context.kind === 'resource' || context.kind === 'resourceTemplate';
    return byUri ? upstreamName : prefixedName(context.server, upstreamName);
  }
  const of = `${context.kind} "${printable(upstreamName, 80)}" of server "${context.server}"`;
  let key: unknown;
  try {
    key = naming(upstreamName, context);
  } catch (error) {
    throw namingThrew(of, context.server, error);
  }
  if (typeof key === 'string' && key !== '') return key;
  throw noNameGiven(of, context.server);
}
