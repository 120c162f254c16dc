import { isDeepStrictEqual } from 'node:util';
import { configFailure } from '../../errors/config.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import { checkOptions, checkParameter } from '../../options/check-options.ts';
import { watchConfigOptions, watchedGroup } from '../../options/tables/config.ts';
import { isRecord } from '../../internal/checks.ts';
import { EventHub, type OverflowEvent } from '../../internal/event-hub.ts';
import { applyServers, type Applied, type Known, type WatchedGroup } from './apply-servers.ts';
import type { Config, LoadConfigOptions } from '../config.ts';
import { gateOfCopy, load, loadedFrom, type LoadedConfig } from '../load-config.ts';
import { pollFile } from '../../internal/files/poll-file.ts';

export interface WatchConfigOptions {
  /** Called with each event; `events()` yields the same events. */
  onEvent?: (event: ConfigWatchEvent) => void;
  /**
   * Time between two looks at the file, in milliseconds.
   * @default 250
   */
  intervalMs?: number;
  /**
   * How long the file must be unchanged before it is read, in milliseconds.
   * @default 100
   */
  settleMs?: number;
}

/** A configuration that is watched. */
export interface ConfigWatch extends AsyncDisposable {
  /** The file. */
  readonly path: string;
  /** The last valid configuration. */
  readonly config: Config;
  /** Reads the file now. Resolves when the group has been changed accordingly, or the problem has been reported. */
  reload(): Promise<void>;
  /** The events from now on. Ends when the watch is closed. */
  events(): AsyncIterableIterator<ConfigWatchEvent | OverflowEvent>;
  /** Stops watching, after a reload that is under way has finished. The group is not changed. Idempotent. */
  close(): Promise<void>;
}

/**
 * Keeps a group in step with a file. When the file changes, removed servers are closed, changed ones are closed and
 * opened again, and new ones are opened. Unchanged servers keep their connections and calls, and servers that did not
 * come from the file are left alone. A server is closed after its calls have finished. A file that cannot be used is
 * reported and changes nothing. A server that does not open is reported and tried again with the next change. With a
 * configuration that was loaded with `tolerant`, a server with a problem is reported in `failed` and stays as it was.
 * A change of a project's file that was found, and not named, is a problem until it is agreed to, as in `loadConfig()`.
 *
 * `source` is the configuration that the group was connected with, or its path. Servers that the group already has
 * are taken to be as the file says; the other servers of the file are opened before this resolves. Rejects with
 * `CONFIG_INVALID` when the file cannot be read.
 */
export async function watchConfig(
  group: WatchedGroup,
  source: Source,
  options: WatchConfigOptions = {},
): Promise<ConfigWatch> {
  checkParameter('watchConfig()', 'group', watchedGroup, group);
  checkOptions(watchConfigOptions, options, 'Options of watchConfig()');
  const { intervalMs, settleMs } = watchConfigOptions;
  const { onEvent } = options;
  const loaded =
    knownOf(source) ?? (await load(pathOf(source), isConfig(source) ? gateOfCopy(source) : undefined));
  const watch = new FileWatch(group, loaded);
  if (onEvent !== undefined) watch.listen(onEvent);
  await watch.start(options.intervalMs ?? intervalMs.default, options.settleMs ?? settleMs.default);
  return watch;
}

/** @inline */
type Source = Config | string | URL | LoadConfigOptions;

function knownOf(source: Source): LoadedConfig | undefined {
  return typeof source === 'object' ? loadedFrom(source) : undefined;
}

/** Of a copy of a configuration only the path is known. */
function pathOf(source: Source): string | URL | LoadConfigOptions {
  return isConfig(source) ? source.path : source;
}

function isConfig(source: Source): source is Config {
  // A program without types may give null.
  const given: unknown = source;
  return isRecord(given) && 'servers' in given;
}

class FileWatch implements ConfigWatch {
  readonly #group: WatchedGroup;
  readonly #known: Known;
  readonly #hub = new EventHub<ConfigWatchEvent>();
  readonly #stop = new AbortController();
  #loaded: LoadedConfig;
  /** Whether the last event was a problem. */
  #broken = false;
  /** The reload that is under way, or the last one: reloads run one after the other. */
  #running: Promise<void> = Promise.resolve();
  /** The reload that has not begun; it covers all changes until then. */
  #next: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(group: WatchedGroup, loaded: LoadedConfig) {
    this.#group = group;
    this.#loaded = loaded;
    this.#known = new Map([...loaded.plain.servers].filter(([name]) => group.servers.has(name)));
  }

  get path(): string {
    return this.#loaded.config.path;
  }

  get config(): Config {
    return this.#loaded.config;
  }

  async start(intervalMs: number, settleMs: number): Promise<void> {
    const { signal } = this.#stop;
    await pollFile(this.path, { intervalMs, settleMs, signal }, () => void this.reload());
    const { gate } = this.#loaded;
    // "plenum trust" in another process opens the gate.
    if (gate !== undefined)
      await pollFile(gate.recordPath, { intervalMs, settleMs, signal }, () => {
        if (gate.isClosed) void this.reload();
      });
    // The file may have changed since it was read, or the group may lack servers of it.
    await this.reload();
  }

  listen(onEvent: (event: ConfigWatchEvent) => void): void {
    this.#hub.listen(onEvent);
  }

  reload(): Promise<void> {
    if (this.#stop.signal.aborted) return this.#running;
    this.#next ??= this.#running = this.#running.then(() => {
      this.#next = undefined;
      return this.#reload();
    });
    return this.#next;
  }

  events(): AsyncIterableIterator<ConfigWatchEvent | OverflowEvent> {
    return this.#hub.iterate();
  }

  close(): Promise<void> {
    this.#stop.abort();
    this.#closing ??= this.#running.then(() => this.#hub.end());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Never rejects. */
  async #reload(): Promise<void> {
    let loaded: LoadedConfig;
    try {
      loaded = await load(this.#loaded.options, this.#loaded.gate);
    } catch (error) {
      const problem = configFailure(`Reading the configuration ${this.path}`, error);
      this.#broken = true;
      this.#hub.publish({ type: 'problem', error: problem });
      return;
    }
    const applied = await applyServers(this.#group, this.#known, loaded);
    const { config, plain } = loaded;
    const groupOptionsChanged = !isDeepStrictEqual(plain.group, this.#loaded.plain.group);
    const gatewayOptionsChanged = !isDeepStrictEqual(plain.gateway, this.#loaded.plain.gateway);
    const isNews = this.#broken || groupOptionsChanged || gatewayOptionsChanged || !isNothing(applied);
    this.#loaded = loaded;
    this.#broken = false;
    if (!isNews) return;
    this.#hub.publish({ type: 'reloaded', config, ...applied, groupOptionsChanged, gatewayOptionsChanged });
  }
}

function isNothing({ added, changed, removed, failed }: Applied): boolean {
  return added.length + changed.length + removed.length + failed.size === 0;
}

/** An event of a watched configuration. */
export type ConfigWatchEvent =
  /** The file changed, and the group was changed accordingly, except for the servers in `failed`. */
  | {
      readonly type: 'reloaded';
      readonly config: Config;
      /** Names of servers that were opened, that were closed and opened anew, and that were closed. */
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
      /** Servers that could not be opened, by name; they are tried again with the next change. */
      readonly failed: ReadonlyMap<string, PlenumError>;
      /** Whether options of the whole group changed. They take effect only with a new group. */
      readonly groupOptionsChanged: boolean;
      /** Whether what the file says for a gateway changed. It takes effect only with a new gateway. */
      readonly gatewayOptionsChanged: boolean;
    }
  /** The file cannot be used; the group was not changed. */
  | { readonly type: 'problem'; readonly error: PlenumError };
