import { PlenumError } from './plenum-error.ts';
import type { ErrorAdvice } from './advice.ts';
import type { CatalogCollision, UnknownNameData, UnreadyServer } from './registry.ts';
import { nearest, printable } from '../internal/text.ts';

const MOST_SHOWN = 5;

const NOUN: { readonly [Kind in CatalogCollision['kind']]: string } = {
  tools: 'tool',
  resources: 'resource',
  resourceTemplates: 'resource template',
  prompts: 'prompt',
};

const UNKNOWN = {
  tool: 'UNKNOWN_TOOL',
  prompt: 'UNKNOWN_PROMPT',
  server: 'UNKNOWN_SERVER',
  'tool, resource or prompt': 'UNKNOWN_TOOL',
} as const;

/** `known` are the names that there are, for a suggestion; none when nothing is to be suggested. */
export function unknownName(
  noun: keyof typeof UNKNOWN,
  name: string,
  known: Iterable<string>,
  more = '',
): PlenumError<'UNKNOWN_TOOL' | 'UNKNOWN_PROMPT' | 'UNKNOWN_SERVER'> {
  const { data, words, advice } = suggest(name, known);
  const summary = `There is no ${noun} "${printable(name)}".${words}${more && ` ${more}`}`;
  return new PlenumError(UNKNOWN[noun], summary, {
    ...(noun === 'server' && { server: name }),
    maybeExecuted: false,
    data,
    advice,
  });
}

/** A server of a group whose entries are not all known, with its latest error. */
export interface UnreadyMember extends Pick<UnreadyServer, 'server' | 'state' | 'expected'> {
  readonly error?: PlenumError | undefined;
}

/** No ready server of a group has this tool or prompt. `unready` may have it, the likeliest first. */
export function unknownEntry(
  noun: 'tool' | 'prompt',
  name: string,
  known: Iterable<string>,
  unready: readonly UnreadyMember[],
): PlenumError<'UNKNOWN_TOOL' | 'UNKNOWN_PROMPT'> {
  const { data, words, advice } = suggest(name, known);
  const isExpected = unready[0]?.expected === true;
  const meant = isExpected ? '' : words;
  const summary = `There is no ${noun} "${printable(name)}"${isExpected ? ' yet' : ''}.${meant}${unreadyWords(unready)}`;
  return new PlenumError(UNKNOWN[noun], summary, {
    maybeExecuted: false,
    data: { ...data, ...unreadyData(unready) },
    advice: [...(isExpected ? [] : advice), ...unreadyAdvice(unready)],
  });
}

export function unknownResource(
  uri: string,
  known: Iterable<string>,
  unready: readonly UnreadyMember[],
): PlenumError<'UNKNOWN_RESOURCE'> {
  const { data, words, advice } = suggest(uri, known);
  const summary = `No server lists resource "${printable(uri)}" or a template for it; one may have it all the same.${words}${unreadyWords(unready)}`;
  return new PlenumError('UNKNOWN_RESOURCE', summary, {
    maybeExecuted: false,
    data: { ...data, ...unreadyData(unready) },
    advice: [...advice, ...unreadyAdvice(unready), { do: 'name-server' }],
  });
}

const UNKNOWN_ENTRY = {
  tool: 'UNKNOWN_TOOL',
  prompt: 'UNKNOWN_PROMPT',
  resource: 'UNKNOWN_RESOURCE',
} as const;

/** A catalog entry is given that has left the catalog of this group, or was never in it. */
export function entryNotHere(
  noun: keyof typeof UNKNOWN_ENTRY,
  { server, upstreamName }: { readonly server: string; readonly upstreamName: string },
  wasHere: boolean,
): PlenumError<'UNKNOWN_TOOL' | 'UNKNOWN_PROMPT' | 'UNKNOWN_RESOURCE'> {
  const what = `The entry of ${noun} "${printable(upstreamName)}" of server "${printable(server)}"`;
  const summary = wasHere
    ? `${what} has left the catalog. Take a new one.`
    : `${what} is not from this group's catalog: it belongs to another group, or is a copy. Give its exposed name.`;
  return new PlenumError(UNKNOWN_ENTRY[noun], summary, {
    server,
    maybeExecuted: false,
    data: { name: upstreamName, nearest: [] },
  });
}

/** A template is given where a resource is wanted. */
export function templateToRead(uriTemplate: string): PlenumError<'INVALID_ARGUMENTS'> {
  const summary = `"${printable(uriTemplate)}" is a template: fill in its variables, and give the URI.`;
  return new PlenumError('INVALID_ARGUMENTS', summary, { maybeExecuted: false });
}

/** How long the reason of each server may be in a message. */
const REASON_LENGTH = 160;

function unreadyData(unready: readonly UnreadyMember[]): { unready?: readonly UnreadyServer[] } {
  if (unready.length === 0) return {};
  return {
    unready: unready.map(({ server, state, error, expected }) => ({
      server,
      state,
      ...(error !== undefined && { code: error.code, reason: printable(error.summary, REASON_LENGTH) }),
      expected,
    })),
  };
}

/** Names the servers that are not ready, with what they are doing and why. Begins with a space. */
function unreadyWords(unready: readonly UnreadyMember[]): string {
  if (unready.length === 0) return '';
  const shown = unready.slice(0, MOST_SHOWN).map(({ server, state, error }) => {
    const why = error === undefined ? '' : `: ${printable(error.summary, REASON_LENGTH)}`;
    return `"${printable(server, 80)}" (${state === 'ready' ? 'a list failed' : state}${why})`;
  });
  const more = unready.length > MOST_SHOWN ? ` and ${unready.length - MOST_SHOWN} more` : '';
  return ` Not ready: ${shown.join(', ')}${more}.`;
}

/** What can be tried with the likeliest of the servers that are not ready, or with the first of those that may come. */
function unreadyAdvice(unready: readonly UnreadyMember[]): ErrorAdvice[] {
  const [first] = unready;
  if (first === undefined) return [];
  if (first.state === 'closed' || first.state === 'draining') return [];
  if (first.state === 'failed') return [...(first.error?.advice ?? []), { do: 'call', method: 'reconnect' }];
  if (first.state === 'idle') return [{ do: 'call', method: 'refresh' }];
  return [{ do: 'await-servers', servers: [first.server] }];
}

export function ambiguousResource(
  uri: string,
  servers: readonly string[],
): PlenumError<'AMBIGUOUS_RESOURCE'> {
  const names = servers.map((name) => `"${name}"`).join(', ');
  return new PlenumError(
    'AMBIGUOUS_RESOURCE',
    `Resource "${printable(uri)}" is on several servers: ${names}.`,
    { maybeExecuted: false, data: { uri, servers }, advice: [{ do: 'name-server' }] },
  );
}

/** A server lists entries whose names are taken, so the server is refused. */
export function namesTaken(
  collisions: readonly CatalogCollision[],
  server: string,
): PlenumError<'NAME_COLLISION'> {
  const shown = collisions.slice(0, MOST_SHOWN).map(({ kind, key, owner }) => {
    const by = owner === server ? 'twice by itself' : `by "${owner}"`;
    return `${NOUN[kind]} "${printable(key, 80)}" (${by})`;
  });
  const more = collisions.length > shown.length ? ` and ${collisions.length - shown.length} more` : '';
  return new PlenumError(
    'NAME_COLLISION',
    `Server "${server}" offers names that are taken: ${shown.join(', ')}${more}.`,
    {
      server,
      data: { collisions },
      advice: [{ do: 'set', option: 'naming', value: "'prefixed' or a function" }],
    },
  );
}

/** The name of the server itself is taken. */
export function serverNameTaken(server: string): PlenumError<'NAME_COLLISION'> {
  return new PlenumError(
    'NAME_COLLISION',
    `A server "${server}" is in this group already. Choose another name, or remove that one.`,
    { server, data: { collisions: [] } },
  );
}

/** Whatever was thrown while the entries of a new server got their names. */
export function addingFailure(server: string, error: unknown): PlenumError {
  return PlenumError.from(error, 'NAME_COLLISION', `Adding server "${server}"`, {
    server,
    data: { collisions: [] },
  });
}

/** A catalog cache cannot be used. This is reported only: the group goes on without the cache. */
export function catalogCacheUnusable(
  what: string,
  { server, cause }: { server?: string; cause?: unknown } = {},
): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `${what} It is ignored.`, { server, cause });
}

/** There is something at the path of a catalog cache that is not to be believed, and not to be overwritten. */
export function catalogCacheRefused(
  path: string,
  what: string,
  cause?: unknown,
): PlenumError<'CONFIG_INVALID'> {
  const summary = `The catalog cache "${path}" ${what}. It is neither used nor overwritten: give another path.`;
  return new PlenumError('CONFIG_INVALID', summary, { cause });
}

export function catalogCacheSilent(timeoutMs: number): PlenumError<'TIMEOUT'> {
  const summary = `The catalog cache did not answer within ${timeoutMs} ms. It is ignored.`;
  return new PlenumError('TIMEOUT', summary, { data: { timeoutMs } });
}

/** `of` says what was to be named: `tool "x" of server "y"`. */
export function noNameGiven(of: string, server: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `The naming function returned no name for ${of}; it must return a non-empty string.`;
  return new PlenumError('CONFIG_INVALID', summary, { server, data: { option: 'naming' } });
}

function suggest(
  name: string,
  candidates: Iterable<string>,
): { data: UnknownNameData; words: string; advice: ErrorAdvice[] } {
  const known = [...candidates];
  const near = nearest(name, known);
  const data = { name, nearest: near };
  if (near.length > 0) return { data, words: '', advice: [{ do: 'use-name', names: near }] };
  if (known.length === 0) return { data, words: '', advice: [] };
  const shown = known.slice(0, MOST_SHOWN).map((each) => `"${printable(each, 80)}"`);
  const more = known.length > MOST_SHOWN ? ` and ${known.length - MOST_SHOWN} more` : '';
  return { data, words: ` Known: ${shown.join(', ')}${more}.`, advice: [] };
}

/** `of` as for {@link noNameGiven}. */
export function namingThrew(of: string, server: string, error: unknown): PlenumError {
  return PlenumError.from(error, 'CONFIG_INVALID', `The naming function threw for ${of}`, { server });
}

/** A session is named that belongs to another group, or to none. */
export function foreignSession(server: string): PlenumError<'UNKNOWN_SERVER'> {
  const summary = `Session "${server}" is not in this group.`;
  return new PlenumError('UNKNOWN_SERVER', summary, { server, data: { name: server, nearest: [] } });
}
