import { isRecord } from '../../internal/checks.ts';
import type { LockChange } from '../../trust/lock/lock-changes.ts';
import { jsonText, lineText } from '../terminal/terminal-text.ts';
import type { Terminal } from '../terminal/terminal.ts';

const NOUN = {
  tool: 'tool',
  prompt: 'prompt',
  resourceTemplate: 'resource template',
  instructions: 'instructions',
  server: 'how it is reached',
};

/** How many members of one definition are shown, and how many characters of each. */
const MAX_SHOWN = 200;
const MAX_LENGTH = 20_000;

/** Differences one below the other, and whether all of each is shown. */
export function changesText(terminal: Terminal, changes: readonly LockChange[]): string {
  let isWhole = true;
  const cut = (): void => void (isWhole = false);
  const lines = changes.map((each) => changeText(terminal, each, cut));
  if (!isWhole) lines.push('Not all of it is shown. All of it: plenum lock diff --json');
  return lines.join('\n');
}

/** A difference as a heading and a line for each member that differs, before and after. */
function changeText(
  terminal: Terminal,
  { server, kind, name, change, before: whole, after: now }: LockChange,
  onCut: () => void,
): string {
  const isWhole = kind === 'server' && change !== 'changed';
  const what = isWhole
    ? `the server is ${change === 'added' ? 'not in the lock' : 'in the lock alone'}`
    : `${NOUN[kind]}${kind === 'server' || kind === 'instructions' ? '' : ` ${lineText(name, 120)}`} ${change}`;
  const lines = [`${terminal.paint('bold', lineText(server, 80))}: ${what}`];
  const members = differences(whole, now);
  for (const { at, was, is } of members.slice(0, MAX_SHOWN)) {
    const label = at === '' ? '' : `${lineText(at, 200)}: `;
    const [before, after] = [shown(was, onCut), shown(is, onCut)];
    // Of texts that differ only in white space that is seen in JSON.
    const [red, green] = before === after ? [jsonText(was, 0), jsonText(is, 0)] : [before, after];
    if (was !== undefined) lines.push(terminal.paint('red', `  - ${label}${red}`));
    if (is !== undefined) lines.push(terminal.paint('green', `  + ${label}${green}`));
  }
  if (members.length > MAX_SHOWN) {
    lines.push(`  and ${members.length - MAX_SHOWN} more`);
    onCut();
  }
  return lines.join('\n');
}

interface Difference {
  readonly at: string;
  readonly was: unknown;
  readonly is: unknown;
}

/** The places in two values of JSON that differ. */
function differences(was: unknown, is: unknown, at = ''): Difference[] {
  if (jsonText(was, 0) === jsonText(is, 0)) return [];
  const [a, b] = [membersOf(was), membersOf(is)];
  if ((a === undefined && was !== undefined) || (b === undefined && is !== undefined))
    return [{ at, was, is }];
  const keys = new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})]);
  if (keys.size === 0) return [{ at, was, is }];
  return [...keys].flatMap((key) => differences(a?.[key], b?.[key], at === '' ? key : `${at}.${key}`));
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (Array.isArray(value)) return Object.fromEntries(value.entries());
  return isRecord(value) ? value : undefined;
}

function shown(value: unknown, onCut: () => void): string {
  const text = typeof value === 'string' ? value : jsonText(value, 0);
  if (text.length > MAX_LENGTH) onCut();
  return lineText(text, MAX_LENGTH);
}
