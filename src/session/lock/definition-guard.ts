import { definitionDrifted, notListed } from '../../errors/lock.ts';
import { isRecord } from '../../internal/checks.ts';
import { METHOD_NOT_FOUND } from '../../internal/json/rpc-codes.ts';
import { official } from '../../transport/official.ts';
import type { Connection } from '../connection/connection.ts';
import { capabilityOf, entriesOf, type ListMethod, type ListPages } from '../requests/list-pages.ts';
import { announcesNothing, type UnannouncedTools } from '../requests/unannounced-tools.ts';
import { compileUriTemplate } from '../requests/uri-template.ts';
import type { ListKind } from '../session.ts';
import type { DefinitionDrift, LockedKind, RequestGuard, ServerLock } from './definition-lock.ts';

/** By which member of its definition a kind is named, and how it is listed. */
const KINDS = {
  tool: { list: 'tools', method: 'tools/list', named: 'name' },
  prompt: { list: 'prompts', method: 'prompts/list', named: 'name' },
  resourceTemplate: { list: 'resourceTemplates', method: 'resources/templates/list', named: 'uriTemplate' },
} as const satisfies Record<LockedKind, object>;

const LOCKED_KINDS: readonly LockedKind[] = ['tool', 'prompt', 'resourceTemplate'];

/** Whose lists a notification is about. */
const KIND_OF_LIST: { readonly [K in ListKind]: LockedKind } = {
  tools: 'tool',
  prompts: 'prompt',
  resources: 'resourceTemplate',
};

/** How often a list is fetched for one request while it changes all the time. */
const MAX_FETCHES = 5;

/** What was found about the definitions of one kind. */
class Checked {
  /** Those that may be used. */
  readonly usable = new Set<string>();
  readonly drifted = new Map<string, DefinitionDrift>();
  /** Whether these are all that the server lists. */
  isWhole = false;
}

export interface DefinitionGuardOptions {
  readonly server: string;
  readonly lock: ServerLock;
  readonly connection: Connection;
  readonly lists: ListPages;
  readonly unannounced: UnannouncedTools | undefined;
  readonly timeoutMs: number;
  /** Called with each difference, at each list that has it. */
  readonly report: (drift: DefinitionDrift) => void;
}

/**
 * Compares what a server lists over one connection with a lock. What differs is taken out of the lists, and requests for
 * it are refused. What is requested before it was listed is listed first, and again after the server said that its lists
 * have changed.
 */
export class DefinitionGuard implements RequestGuard {
  readonly #options: DefinitionGuardOptions;
  readonly #checked = new Map<LockedKind, Checked>();
  readonly #listing = new Map<LockedKind, Promise<void>>();
  #changes = 0;

  constructor(options: DefinitionGuardOptions) {
    this.#options = options;
    for (const kind of LOCKED_KINDS) this.#checked.set(kind, new Checked());
  }

  get changes(): number {
    return this.#changes;
  }

  listChanged(list: ListKind): void {
    this.#changes++;
    this.#checked.set(KIND_OF_LIST[list], new Checked());
  }

  admit(method: string, params: unknown): Promise<void> | undefined {
    if (!this.#options.lock.blocks || !isRecord(params)) return undefined;
    switch (method) {
      case 'tools/call':
        return this.#admitNamed('tool', params['name']);
      case 'prompts/get':
        return this.#admitNamed('prompt', params['name']);
      case 'resources/read':
      case 'resources/subscribe':
        return this.#admitResource(params['uri']);
      case 'completion/complete': {
        const { ref } = params;
        if (!isRecord(ref)) return undefined;
        if (ref['type'] === 'ref/prompt') return this.#admitNamed('prompt', ref['name']);
        return this.#admitTemplate(ref['uri']);
      }
      default:
        return undefined;
    }
  }

  admitTool(name: string): Promise<void> | undefined {
    return this.#admitNamed('tool', name);
  }

  read<T>(result: T, isWhole: boolean, changes: number): T {
    if (!isRecord(result)) return result;
    for (const kind of LOCKED_KINDS) {
      const { list } = KINDS[kind];
      const listed = result[list];
      if (!Array.isArray(listed)) continue;
      const isPresent = changes === this.#changes;
      return { ...result, [list]: this.#check(kind, listed, isPresent && isWhole, isPresent) };
    }
    return result;
  }

  #check(kind: LockedKind, listed: readonly unknown[], isWhole: boolean, isPresent = true): unknown[] {
    const { lock, report } = this.#options;
    const before = this.#checked.get(kind);
    const checked = isWhole || !isPresent || before === undefined ? new Checked() : before;
    const kept: unknown[] = [];
    for (const each of listed) {
      if (!isRecord(each)) continue;
      const { definition, drift } = lock.check(kind, each);
      const name = drift?.name ?? String(Reflect.get(definition, KINDS[kind].named));
      if (drift !== undefined) {
        checked.drifted.set(name, drift);
        report(drift);
        if (drift.blocked) continue;
      }
      checked.usable.add(name);
      kept.push(definition);
    }
    if (isWhole) checked.isWhole = true;
    if (isPresent) this.#checked.set(kind, checked);
    return kept;
  }

  #admitNamed(kind: LockedKind, name: unknown): Promise<void> | undefined {
    const { server, lock } = this.#options;
    if (!lock.blocks || typeof name !== 'string') return undefined;
    const checked = this.#checked.get(kind);
    if (checked?.usable.has(name) === true) return undefined;
    if (checked?.isWhole !== true) return this.#list(kind).then(() => this.#admitListed(kind, name));
    const drift = checked.drifted.get(name);
    throw drift === undefined ? notListed(server, kind, name) : definitionDrifted(server, drift);
  }

  /** As `#admitNamed`, after the list was fetched: what changed again meanwhile may not be used. */
  #admitListed(kind: LockedKind, name: string): void {
    const checked = this.#checked.get(kind);
    if (checked?.usable.has(name) === true) return;
    const drift = checked?.drifted.get(name);
    throw drift === undefined
      ? notListed(this.#options.server, kind, name)
      : definitionDrifted(this.#options.server, drift);
  }

  /** A URI that is itself a template, or that belongs to one. */
  #admitTemplate(uri: unknown): Promise<void> | undefined {
    if (typeof uri !== 'string') return undefined;
    const checked = this.#checked.get('resourceTemplate');
    if (checked?.usable.has(uri) === true) return undefined;
    const decide = async (): Promise<void> => {
      const drift = this.#checked.get('resourceTemplate')?.drifted.get(uri);
      if (drift !== undefined) throw definitionDrifted(this.#options.server, drift);
      await this.#admitResource(uri);
    };
    return checked?.isWhole === true ? decide() : this.#list('resourceTemplate').then(decide);
  }

  /** A resource may be read unless only a template that differs has it. */
  #admitResource(uri: unknown): Promise<void> | undefined {
    if (typeof uri !== 'string') return undefined;
    const { isWhole, drifted } = this.#checked.get('resourceTemplate') ?? new Checked();
    if (isWhole && drifted.size === 0) return undefined;
    return this.#admitTemplated(uri, isWhole);
  }

  async #admitTemplated(uri: string, isListed: boolean): Promise<void> {
    if (!isListed) await this.#list('resourceTemplate');
    const { usable, drifted } = this.#checked.get('resourceTemplate') ?? new Checked();
    const matches = (template: string): boolean => compileUriTemplate(template)(uri);
    const [, drift] = [...drifted].find(([template]) => matches(template)) ?? [];
    if (drift === undefined || [...usable].some(matches)) return;
    const resources = await listOver(this.#options, 'resources/list');
    if (resources.some((each) => isRecord(each) && each['uri'] === uri)) return;
    throw definitionDrifted(this.#options.server, drift);
  }

  /** Fetches a list; requests at the same time share one fetch. */
  #list(kind: LockedKind): Promise<void> {
    const known = this.#listing.get(kind);
    if (known !== undefined) return known;
    const listing = this.#fetch(kind).finally(() => this.#listing.delete(kind));
    this.#listing.set(kind, listing);
    return listing;
  }

  /** Fetches a list, and once more when it changed meanwhile: what came then is not known to hold. */
  async #fetch(kind: LockedKind): Promise<void> {
    for (let attempt = 0; attempt < MAX_FETCHES && this.#checked.get(kind)?.isWhole !== true; attempt++) {
      const changes = this.#changes;
      const listed = await listOver(this.#options, KINDS[kind].method);
      if (this.#changes === changes) this.#check(kind, listed, true);
    }
  }
}

/** All entries of a list, over one connection. */
async function listOver(
  { connection, lists, unannounced, timeoutMs }: DefinitionGuardOptions,
  method: ListMethod,
): Promise<readonly unknown[]> {
  const { client } = connection;
  const options = { timeout: timeoutMs };
  if (client.getServerCapabilities()?.[capabilityOf(method)] === undefined) {
    const isAsked = method === 'tools/list' && announcesNothing(client);
    return (isAsked ? await unannounced?.list(connection, {}, options) : undefined)?.tools ?? [];
  }
  try {
    return entriesOf(await lists.all(connection, method, {}, options), method);
  } catch (error) {
    if (error instanceof official.ProtocolError && error.code === METHOD_NOT_FOUND) return [];
    throw error;
  }
}
