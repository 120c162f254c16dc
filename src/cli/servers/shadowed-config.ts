import { findConfig } from '../../config/find-config.ts';
import { readJsonFile } from '../../config/read/read-json-file.ts';
import { isRecord } from '../../internal/checks.ts';

/** Servers of a file that another one has taken the place of. */
export interface LostServers {
  readonly from: string;
  readonly to: string;
  /** Names of what `from` has and `to` has not. */
  readonly names: readonly string[];
}

/** The configuration that commands take here; undefined when there is none. */
export async function currentConfig(): Promise<string | undefined> {
  return findConfig(process.cwd(), process.env).catch(() => undefined);
}

/** What is out of sight when commands took `before` and now take another file; undefined when nothing is. */
export async function lostServers(before: string | undefined): Promise<LostServers | undefined> {
  const now = await currentConfig();
  if (before === undefined || now === undefined || now === before) return undefined;
  const there = new Set(await serversIn(now));
  const names = (await serversIn(before)).filter((name) => !there.has(name));
  return names.length === 0 ? undefined : { from: before, to: now, names };
}

/** Whatever else is wrong with the file. */
async function serversIn(path: string): Promise<string[]> {
  const root = await readJsonFile(path).then(
    (file) => file.root,
    () => ({}),
  );
  return ['mcpServers', 'servers'].flatMap((section) => {
    const servers: unknown = Reflect.get(root, section);
    return isRecord(servers) ? Object.keys(servers) : [];
  });
}
