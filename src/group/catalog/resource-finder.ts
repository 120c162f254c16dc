import { ambiguousResource, unknownResource, type UnreadyMember } from '../../errors/catalog.ts';
import { compileUriTemplate, type UriMatcher } from '../../session/requests/uri-template.ts';
import type { CatalogOrigin, ResourceTemplateEntry } from './catalog.ts';
import type { CatalogIndex } from './catalog-index.ts';

/** Finds the server of a resource: by exposed name or URI, else by the templates that match the URI. */
export class ResourceFinder {
  readonly #index: CatalogIndex;
  readonly #matchers = new WeakMap<ResourceTemplateEntry, UriMatcher>();

  readonly #unready: () => readonly UnreadyMember[];

  /** `unready` gives the servers that may list more resources. */
  constructor(index: CatalogIndex, unready: () => readonly UnreadyMember[]) {
    this.#index = index;
    this.#unready = unready;
  }

  /**
   * The server of a resource, and the URI there. With `server`, the result is that server, even if it does not list the
   * URI; else one that `accepts`. Throws `AMBIGUOUS_RESOURCE` or `UNKNOWN_RESOURCE`.
   */
  find(
    uri: string,
    server?: string,
    accepts: (origin: CatalogOrigin) => boolean = () => true,
  ): CatalogOrigin {
    const listed = this.#index.resources.find(uri);
    if (server !== undefined)
      return listed.find((entry) => entry.server === server) ?? { server, upstreamName: uri };
    return (
      this.#only(uri, listed.filter(accepts)) ??
      this.#only(uri, this.#templated(uri).filter(accepts)) ??
      this.#unknown(uri)
    );
  }

  #templated(uri: string): CatalogOrigin[] {
    const found = new Map<string, CatalogOrigin>();
    for (const template of this.#index.resourceTemplates.entries()) {
      if (!found.has(template.server) && this.#matcher(template)(uri)) {
        found.set(template.server, { server: template.server, upstreamName: uri });
      }
    }
    return [...found.values()];
  }

  #matcher(template: ResourceTemplateEntry): UriMatcher {
    const known = this.#matchers.get(template);
    if (known !== undefined) return known;
    const made = compileUriTemplate(template.upstreamName);
    this.#matchers.set(template, made);
    return made;
  }

  #only(uri: string, found: readonly CatalogOrigin[]): CatalogOrigin | undefined {
    if (found.length <= 1) return found[0];
    const servers = found.map(({ server }) => server);
    throw ambiguousResource(uri, servers);
  }

  #unknown(uri: string): never {
    throw unknownResource(uri, this.#index.resources.keys(), this.#unready());
  }
}
