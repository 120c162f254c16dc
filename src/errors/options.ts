import { didYouMean, nearest, printable } from '../internal/text.ts';
import { PlenumError, type PlenumErrorFields } from './plenum-error.ts';

type Fields = Pick<PlenumErrorFields, 'server' | 'cause' | 'advice' | 'maybeExecuted'>;

/** `problem` goes on from the name of the option: `must be a URL`. It must not show a value, which may be a secret. */
export function invalidOption(
  option: string,
  problem: string,
  fields: Fields = {},
): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', `Option "${option}" ${problem}.`, { ...fields, data: { option } });
}

/** Two options that exclude each other; `why` goes on from the second: `which sends by itself`. */
export function optionConflict(option: string, other: string, why?: string): PlenumError<'CONFIG_INVALID'> {
  return invalidOption(option, `does not go with "${other}"${why === undefined ? '' : `, ${why}`}`);
}

/** The same problem, with the name of the server that it belongs to. */
export function inServer(server: string, error: PlenumError): PlenumError {
  return error.withSummary(`Server "${server}": ${error.summary}`, { server });
}

export function notAdoptable(name: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `Adopting "${name}": give a session, as of openSession(), a lease or another group, or an official Client.`;
  return new PlenumError('CONFIG_INVALID', summary);
}

/** A glob of a server's filter matches none of its tools. */
export function globUnmatched(
  server: string,
  option: string,
  glob: string,
  tools: Iterable<string>,
): PlenumError<'CONFIG_INVALID'> {
  const near = nearest(glob, tools);
  const hint = near.length === 0 ? '' : didYouMean(near);
  const summary = `Option "${option}" of server "${server}": "${printable(glob, 80)}" matches no tool.${hint}`;
  return new PlenumError('CONFIG_INVALID', summary, { server, data: { option } });
}

/** Something connected was given where a spec is wanted. */
export function notASpec(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'Give a spec; what is connected already goes to adopt().');
}

/** What was given as a server is none, or cannot be used as one; `why` is a sentence or two. */
export function unusableServer(why: string, server?: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', why, { server });
}

/** Somebody is to sign in to a server whose spec has nothing that can. */
export function cannotSignIn(server: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `Signing in to server "${server}": its spec has no "auth" that can sign in.`;
  return new PlenumError('CONFIG_INVALID', summary, {
    server,
    advice: [{ do: 'set', option: 'auth', value: 'what oauth() of mcp-plenum/auth returns' }],
  });
}

/** A capability is declared that no handler serves. `option` would be the handler. */
export function handlerMissing(capability: string, option: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError(
    'CONFIG_INVALID',
    `Capability "${capability}" is declared but there is no handler to serve it. Give "${option}", or leave it out.`,
    { data: { option } },
  );
}

/** Options do not fit their table; `fault` is a sentence, made of the table. */
export function optionsInvalid(fault: string, option?: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', fault, { ...(option !== undefined && { data: { option } }) });
}

/** Options of one call do not fit their table; `doing` names the call. */
export function callOptionsInvalid(
  doing: string,
  fault: string,
  server: string | undefined,
): PlenumError<'INVALID_ARGUMENTS'> {
  const summary = `${doing}: ${fault.charAt(0).toLowerCase()}${fault.slice(1)}`;
  return new PlenumError('INVALID_ARGUMENTS', summary, { server, maybeExecuted: false });
}
