import { CATALOG_KINDS } from '../../group/catalog/catalog.ts';
import { ListRefresher } from '../../group/members/list-refresher.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import type { Cluster } from './cluster.ts';
import type { Envelope } from './envelopes.ts';

/**
 * Tells the other nodes of which servers the lists have changed, and lists those anew of which another node has told so. No node
 * takes a list from another: what a server announces to one session is asked of it on the own one.
 */
export class SharedLists {
  readonly #cluster: Cluster;
  readonly #group: SessionGroup;
  readonly #refreshers = new Map<string, ListRefresher>();
  /** The servers that are being listed because another node told of them: what comes of it the others know. */
  readonly #following = new Set<string>();

  constructor(cluster: Cluster, group: SessionGroup) {
    this.#cluster = cluster;
    this.#group = group;
  }

  /** The lists of a server have changed here. */
  onChanged(server: string): void {
    if (!this.#following.has(server)) this.#cluster.tell({ about: 'lists', server });
  }

  /** Another node has told something. */
  onTold({ about, server }: Envelope['body']): void {
    if (about === 'lists' && typeof server === 'string' && this.#group.servers.has(server))
      this.#refresherOf(server).mark(CATALOG_KINDS);
  }

  /** What others have told may have been missed. */
  onMissed(): void {
    for (const [server, { state }] of this.#group.servers)
      if (state === 'ready') this.#refresherOf(server).mark(CATALOG_KINDS);
  }

  onRemoved(server: string): void {
    this.#refreshers.get(server)?.stop();
    this.#refreshers.delete(server);
  }

  stop(): void {
    for (const refresher of this.#refreshers.values()) refresher.stop();
    this.#refreshers.clear();
  }

  #refresherOf(server: string): ListRefresher {
    const known = this.#refreshers.get(server);
    if (known !== undefined) return known;
    // Another node may tell of changes without end.
    const made = new ListRefresher(() => this.#list(server));
    this.#refreshers.set(server, made);
    return made;
  }

  async #list(server: string): Promise<void> {
    this.#following.add(server);
    try {
      await this.#group.refresh({ server });
      // The event about what has changed is on its way.
      await new Promise((resolve) => setImmediate(resolve));
    } catch {
      // The status of the server says what went wrong.
    } finally {
      this.#following.delete(server);
    }
  }
}
