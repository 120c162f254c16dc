import type { PlenumError } from '../../errors/plenum-error.ts';
import type { CatalogDiff } from '../../group/catalog/catalog.ts';
import type { GroupEvent } from '../../group/group-events.ts';
import type { OverflowEvent } from '../../internal/event-hub.ts';
import type { DefinitionDrift } from '../../session/lock/definition-lock.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { errorText } from '../errors/error-text.ts';
import { bodyText, jsonText, lineText } from '../terminal/terminal-text.ts';

/** The events that `watch` shows: those of the group and of its configuration. */
export type WatchedEvent =
  | GroupEvent
  | OverflowEvent
  | {
      readonly type: 'config-reloaded';
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
      readonly failed: Readonly<Record<string, PlenumError>>;
    }
  | { readonly type: 'config-problem'; readonly error: PlenumError };

/** An event as one line; an error may take several. */
export function eventText(event: WatchedEvent, inline?: Invocation['inline']): string {
  const said = what(event, inline);
  const text = 'server' in event ? `${lineText(event.server)} ${said}` : said;
  return bodyText(text);
}

function what(event: WatchedEvent, inline: Invocation['inline']): string {
  switch (event.type) {
    case 'status': {
      const { state, connectMs, attempt, nextTryAt, error } = event.status;
      const time = connectMs === undefined ? '' : ` after ${Math.round(connectMs)} ms`;
      const why = error === undefined ? '' : `: ${errorText(error, inline)}`;
      const number = attempt === undefined ? '' : `, attempt ${attempt}`;
      const wait = nextTryAt === undefined ? 0 : Math.max(0, nextTryAt - Date.now()) / 1_000;
      const next = nextTryAt === undefined ? '' : ` in ${wait.toFixed(1)} s`;
      return `is ${state}${time}${number}${next}${why}`;
    }
    case 'server-added':
      return 'was added';
    case 'server-removed':
      return 'was removed';
    case 'catalog':
      return `changed its lists: ${diffText(event.diff)}`;
    case 'collision':
      return `lists ${event.key}, which ${event.owner} has already`;
    case 'resource-updated':
      return `updated ${lineText(event.uri)}`;
    case 'log': {
      const data = typeof event.data === 'string' ? event.data : jsonText(event.data, 0);
      return `logs ${event.level}: ${data}`;
    }
    case 'stderr':
      return `says on standard error: ${event.line}`;
    case 'notification':
      return `notifies: ${lineText(event.method)} ${jsonText(event.params ?? {}, 0)}`;
    case 'drift':
      return driftText(event);
    case 'problem':
      return `has a problem: ${errorText(event.error, inline)}`;
    case 'overflow':
      return `${event.dropped} events were lost: there were too many at a time`;
    case 'config-reloaded': {
      const { added, changed, removed, failed } = event;
      const parts = Object.entries({ added, changed, removed, failed: Object.keys(failed) });
      const news = parts
        .filter(([, names]) => names.length > 0)
        .map(([name, names]) => `${name} ${names.join(', ')}`);
      return `configuration was read again: ${news.join('; ') || 'no server changed'}`;
    }
    case 'config-problem':
      return `configuration cannot be used and changes nothing: ${event.error.message}`;
  }
}

function driftText({ kind, name, change, blocked }: DefinitionDrift): string {
  const noun = kind === 'resourceTemplate' ? 'resource template' : kind;
  const what =
    kind === 'server'
      ? 'is reached in another way than'
      : kind === 'instructions'
        ? 'has other instructions than'
        : `${change === 'added' ? 'has a new' : 'has changed its'} ${noun} ${lineText(name, 80)}, other than`;
  return `${what} the lock says: ${blocked ? 'it is blocked' : 'it is used all the same'}`;
}

function diffText(diff: CatalogDiff): string {
  const parts = Object.entries(diff).flatMap(([kind, { added, removed, changed }]) => [
    ...named(`new ${kind}`, added),
    ...named(`${kind} gone`, removed),
    ...named(`${kind} changed`, changed),
  ]);
  return parts.join('; ');
}

function named(label: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 10 ? ` and ${names.length - 10} more` : '';
  return [
    `${label}: ${names
      .slice(0, 10)
      .map((name) => lineText(name, 80))
      .join(', ')}${more}`,
  ];
}
