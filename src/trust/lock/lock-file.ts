import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from '#write-file-atomic';
import { lockBusy, lockUnusable } from '../../errors/lock.ts';
import { messageOf } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { lockFile } from '../../internal/files/file-lock.ts';
import { makeFolder, readOwnFile } from '../../internal/files/own-file.ts';
import { printable } from '../../internal/text.ts';
import { NotCanonical } from './canonical.ts';
import {
  LISTS,
  LOCKED_KINDS,
  lockedOf,
  lockedText,
  NAMED,
  type LockContent,
  type LockedDefinition,
  type LockedServer,
} from './lock-content.ts';

const FORMAT = 'mcp-plenum/lock';
const VERSION = 1;

/** The largest lock, in bytes: 10,000 tools with long descriptions fit in. */
const MAX_BYTES = 64 * 1024 * 1024;

/** A conflict that a merge left in the file. */
const CONFLICT = /^(?:<{7}|={7}|>{7})/m;

/**
 * Reads a lock; undefined when there is no file. Rejects with `CONFIG_INVALID` for one that cannot be used: it is not
 * JSON, has a conflict, is of another version, was changed by hand, is too large, or is a link or a folder.
 */
export async function readLock(path: string): Promise<LockContent | undefined> {
  const text = await read(path);
  return text === undefined ? undefined : parseLock(path, text);
}

/** As {@link readLock}, but undefined, too, for a lock that was spoiled: it may be written anew. */
export async function readSpoiltLock(path: string): Promise<LockContent | undefined> {
  const text = await read(path);
  if (text === undefined) return undefined;
  try {
    return parseLock(path, text);
  } catch (error) {
    if (text.includes(`"${FORMAT}"`)) return undefined;
    throw error;
  }
}

/** The state of a file, by which a change of it is noticed; undefined when there is none. */
export async function stateOf(path: string): Promise<string | undefined> {
  try {
    const { mtimeMs, size, ino, ctimeMs } = await lstat(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

/**
 * Changes a lock: `change` gets what it holds, undefined when there is no file, and returns what it is to hold. Processes
 * that do so at the same time take turns. Rejects with `CONFIG_INVALID`, and as `change` does; then the file is as it was.
 */
export async function changeLock(
  path: string,
  change: (before: LockContent | undefined) => LockContent | Promise<LockContent>,
  read: (path: string) => Promise<LockContent | undefined> = readLock,
): Promise<void> {
  const release = await hold(path);
  try {
    const before = await read(path);
    await writeFileAtomic(path, textOf(await change(before)), { mode: 0o644 });
  } catch (error) {
    throw error instanceof Error && 'code' in error && 'syscall' in error
      ? lockUnusable(path, `cannot be written: ${messageOf(error)}`)
      : error;
  } finally {
    await release();
  }
}

async function hold(path: string): Promise<() => Promise<void>> {
  try {
    await makeFolder(path);
    return await lockFile(path);
  } catch (error) {
    throw lockBusy(path, error);
  }
}

async function read(path: string): Promise<string | undefined> {
  // A link in a folder of others could lead to any file, which would then be overwritten.
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isSymbolicLink() === true) throw lockUnusable(path, 'is a link');
  const found = await readOwnFile(path, { maxBytes: MAX_BYTES, refusedMode: 0, anywhere: true });
  switch (found.is) {
    case 'read':
      return found.text;
    case 'missing':
      return undefined;
    case 'too-large':
      throw lockUnusable(path, `is larger than ${MAX_BYTES} bytes`);
    case 'unreadable':
      throw lockUnusable(path, `cannot be read: ${messageOf(found.error)}`);
    default:
      throw lockUnusable(path, `in ${dirname(path)} is not a file`);
  }
}

function parseLock(path: string, text: string): LockContent {
  if (CONFLICT.test(text))
    throw lockUnusable(path, 'has a conflict of a merge. Resolve it, or write it anew with "plenum lock"');
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw lockUnusable(path, 'is not JSON, or was cut off. Write it anew with "plenum lock"');
  }
  if (!isRecord(file) || file['format'] !== FORMAT) throw lockUnusable(path, 'is no lock of Plenum');
  if (file['version'] !== VERSION)
    throw lockUnusable(path, `is of version ${printable(String(file['version']), 20)}, and not ${VERSION}`);
  if (!isRecord(file['servers'])) throw lockUnusable(path, 'has no servers');
  const servers = Object.entries(file['servers']).map(
    ([name, server]) => [name, readServer(path, name, server)] as const,
  );
  return new Map(servers);
}

function readServer(path: string, name: string, given: unknown): LockedServer {
  const spoiled = (what: string): Error =>
    lockUnusable(path, `was changed by hand: ${what} of server "${printable(name)}"`, name);
  if (!isRecord(given) || !isRecord(given['reached'])) throw spoiled('something is missing');
  const { instructions } = given;
  if (instructions !== undefined) {
    const said = isRecord(instructions) ? instructions['text'] : undefined;
    if (
      typeof said !== 'string' ||
      !isRecord(instructions) ||
      lockedText(said).digest !== instructions['digest']
    )
      throw spoiled('the digest does not fit the instructions');
  }
  const [tools, prompts, resourceTemplates] = LOCKED_KINDS.map((kind) => {
    const list = given[LISTS[kind]] ?? {};
    if (!isRecord(list)) throw spoiled(`"${LISTS[kind]}" is no object`);
    const entries = Object.entries(list).map(([key, each]): [string, LockedDefinition] => {
      const held = isRecord(each) && isRecord(each['definition']) ? heldIn(each['definition']) : undefined;
      const isRight =
        held !== undefined &&
        isRecord(each) &&
        each['digest'] === held.digest &&
        held.definition[NAMED[kind]] === key;
      if (isRight) return [key, held];
      throw spoiled(`the digest does not fit ${kind} "${printable(key, 80)}"`);
    });
    return new Map(entries);
  });
  const none = new Map<string, LockedDefinition>();
  return {
    reached: { ...given['reached'] },
    ...(isRecord(instructions) && { instructions: lockedText(String(instructions['text'])) }),
    tools: tools ?? none,
    prompts: prompts ?? none,
    resourceTemplates: resourceTemplates ?? none,
  };
}

function heldIn(definition: object): LockedDefinition | undefined {
  try {
    return lockedOf(definition);
  } catch (error) {
    if (error instanceof NotCanonical) return undefined;
    throw error;
  }
}

/** Sorted, and a line for each member, so that a change shows only what changed. */
function textOf(content: LockContent): string {
  const servers = sorted(content).map(([name, server]) => {
    const lists = LOCKED_KINDS.map((kind) => LISTS[kind]).filter((list) => server[list].size > 0);
    return [
      name,
      {
        reached: server.reached,
        ...(server.instructions !== undefined && { instructions: server.instructions }),
        ...Object.fromEntries(lists.map((list) => [list, Object.fromEntries(sorted(server[list]))])),
      },
    ];
  });
  const file = { format: FORMAT, version: VERSION, servers: Object.fromEntries(servers) as object };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}
