import { entryNotHere, templateToRead } from '../../errors/catalog.ts';
import { isRecord } from '../../internal/checks.ts';
import { checkArguments } from '../../options/call-arguments.ts';
import type { CompletionReference } from '../../session/session.ts';
import type { CatalogOrigin, PromptEntry, ResourceEntry, ResourceTemplateEntry } from './catalog.ts';
import type { CatalogIndex } from './catalog-index.ts';
import type { KindIndex } from './kind-index.ts';

/**
 * The exposed name of a tool or prompt, given by its entry. Throws `UNKNOWN_TOOL` or `UNKNOWN_PROMPT` for an entry that
 * has left the catalog or is another group's, `INVALID_ARGUMENTS` for what is no entry.
 */
export function nameOfEntry(index: CatalogIndex, noun: 'tool' | 'prompt', given: unknown): string {
  if (!isEntry(given)) {
    checkArguments(noun === 'tool' ? 'Calling a tool' : 'Getting a prompt', { name: given });
    return String(given);
  }
  return keyIn(noun === 'tool' ? index.tools : index.prompts, noun, given);
}

/** The exposed URI of a resource, given by its URI or its entry. Throws as {@link nameOfEntry}. */
export function uriOfResource(
  index: CatalogIndex,
  doing: string,
  given: string | URL | ResourceEntry,
): string {
  if (!isEntry(given)) {
    checkArguments(doing, { uri: given });
    return String(given);
  }
  const templates: KindIndex<CatalogOrigin> = index.resourceTemplates;
  if (templates.hasSeen(given)) throw templateToRead(given.upstreamName);
  return keyIn(index.resources, 'resource', given);
}

/** What an argument is completed of, given by a reference or by the entry of a prompt or template. Throws as {@link nameOfEntry}. */
export function referenceOf(
  index: CatalogIndex,
  given: CompletionReference | PromptEntry | ResourceTemplateEntry,
): CompletionReference {
  if (!isEntry(given)) return given;
  const others: readonly KindIndex<CatalogOrigin>[] = [index.tools, index.resources];
  if (others.some((kind) => kind.hasSeen(given))) checkArguments(COMPLETING, { ref: given });
  return 'uriTemplate' in given
    ? { type: 'ref/resource', uri: keyIn(index.resourceTemplates, 'resource', given) }
    : { type: 'ref/prompt', name: keyIn(index.prompts, 'prompt', given) };
}

export const COMPLETING = 'Completing an argument';

/** The server of an entry; undefined for a name, a URI or a reference, which several servers may have. */
export function serverOf(given: unknown): string | undefined {
  return isEntry(given) ? given.server : undefined;
}

function keyIn(
  index: KindIndex<CatalogOrigin>,
  noun: 'tool' | 'prompt' | 'resource',
  entry: CatalogOrigin,
): string {
  const wasHere = index.hasSeen(entry);
  const key = wasHere ? index.keyOf(entry) : undefined;
  if (key === undefined) throw entryNotHere(noun, entry, wasHere);
  return key;
}

function isEntry(given: unknown): given is CatalogOrigin {
  return isRecord(given) && typeof given['server'] === 'string' && typeof given['upstreamName'] === 'string';
}
