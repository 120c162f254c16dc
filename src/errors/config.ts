import { messageOf, PlenumError } from './plenum-error.ts';
import type { ConfigProblem, ConsentLack } from './registry.ts';
import { printable } from '../internal/text.ts';

/** How many problems a message lists; `data` has all of them. */
const MOST_SHOWN = 50;

/** What is wrong with a file, or with one of its servers. `print` makes a line of a problem. */
export function configProblems(
  problems: readonly ConfigProblem[],
  print: (problem: ConfigProblem) => string,
  only?: string,
): PlenumError<'CONFIG_INVALID'> {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const lines = problems.slice(0, MOST_SHOWN).map(print);
  if (problems.length > MOST_SHOWN) lines.push(`and ${problems.length - MOST_SHOWN} more`);
  const servers = new Set(problems.map(({ server }) => server));
  const what = only === undefined ? 'The configuration' : `The configuration of server "${printable(only)}"`;
  return new PlenumError('CONFIG_INVALID', `${what} has ${count}:`, {
    server: servers.size === 1 ? problems[0]?.server : undefined,
    data: { problems },
    detail: lines.join('\n'),
  });
}

/** A file of configuration that cannot be read; `why` is a clause. */
export function configUnreadable(path: string, why: string, cause: unknown): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `Reading ${path}: ${why}.`, { cause });
}

/** Whatever was thrown while something of the caller's was read, written or called. `doing` begins the message. */
export function configFailure(doing: string, error: unknown, server?: string): PlenumError {
  return PlenumError.from(error, 'CONFIG_INVALID', doing, { server });
}

export function configNotFound(
  names: readonly string[],
  folders: readonly string[],
  own: readonly string[],
): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError(
    'CONFIG_INVALID',
    `No configuration found. Looked for ${names.join(', ')} in ${folders.join(', ')}; and for ${own.join(', ')}.`,
    { advice: [{ do: 'write-config' }] },
  );
}

/** A file was found that somebody else put there. */
export function configForeign(path: string): PlenumError<'CONFIG_INVALID'> {
  const why = `The configuration "${path}" belongs to another user, whose commands it would run.`;
  return new PlenumError('CONFIG_INVALID', `${why} Give its path to use it all the same.`);
}

/** A project's file was found, and was not agreed to. */
export function consentMissing(path: string, reason: ConsentLack['reason']): PlenumError<'CONFIG_INVALID'> {
  const file = `The configuration "${printable(path, 4_096)}"`;
  const why = {
    new: 'was found, and nobody has agreed to what it would run',
    changed: 'has changed since it was agreed to',
    refused: 'was not agreed to',
  }[reason];
  return new PlenumError(
    'CONFIG_INVALID',
    `${file} ${why}: nothing in it is expanded, started or connected to.`,
    {
      data: { consent: { file: path, reason } },
      advice: [{ do: 'agree', file: path }],
    },
  );
}

/** The file of consents cannot be used; `what` goes on from its path. */
export function trustFileUnusable(path: string, what: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `The file of consents "${printable(path, 4_096)}" ${what}.`);
}

export function serverNameUnusable(name: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `No server can have the name ${JSON.stringify(name)}. Give it another.`;
  return new PlenumError('CONFIG_INVALID', summary);
}

/** What the function that asks for a value of the configuration answered is none; `why` goes on from "the answer". */
export function inputUnusable(doing: string, why: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `${doing}: the answer ${why}.`);
}

/** The user gave no answer to a question of the configuration. */
export function inputNotGiven(id: string): PlenumError<'ABORTED'> {
  return new PlenumError('ABORTED', `The configuration asks for "${id}", and got no answer.`);
}

/** A file of a server's tokens cannot be used; `what` goes on from its path. */
export function tokenFileUnusable(path: string, what: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `The token file "${path}" ${what}.`);
}

/** Somebody else holds the lock of a file of tokens. */
export function tokenFileLocked(path: string, error: unknown): PlenumError<'CONNECT_FAILED'> {
  const summary = `The token file "${path}" could not be locked: ${messageOf(error)}.`;
  return new PlenumError('CONNECT_FAILED', summary);
}
