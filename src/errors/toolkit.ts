import type { ArgumentProblem } from './registry.ts';
import { PlenumError } from './plenum-error.ts';
import { printable } from '../internal/text.ts';

/** A tool is not called; `why` goes on from "was not called". */
export function toolNotCalled(
  tool: string,
  why: string,
  fields: {
    readonly server?: string | undefined;
    readonly cause?: unknown;
    readonly problems?: readonly ArgumentProblem[];
  } = {},
): PlenumError<'INVALID_ARGUMENTS'> {
  const { problems, ...facts } = fields;
  return new PlenumError('INVALID_ARGUMENTS', `Tool "${printable(tool, 80)}" was not called: ${why}`, {
    ...facts,
    maybeExecuted: false,
    ...(problems !== undefined && { data: { problems } }),
  });
}

/** An argument of one of the toolkit's own tools; `problem` goes on from its name. */
export function argumentInvalid(name: string, problem: string): PlenumError<'INVALID_ARGUMENTS'> {
  const summary = `The argument ${JSON.stringify(name)} ${problem}.`;
  return new PlenumError('INVALID_ARGUMENTS', summary, { maybeExecuted: false });
}

/** The function `approve` of a policy threw. `of` names the tool. */
export function approveThrew(of: string, server: string | undefined, error: unknown): PlenumError {
  return PlenumError.from(error, 'CONFIG_INVALID', `The policy's "approve" threw for ${of}`, {
    server,
    maybeExecuted: false,
  });
}

/** The function `approve` of a policy gave no answer that is one. */
export function approveUnclear(of: string, server: string | undefined): PlenumError<'CONFIG_INVALID'> {
  const wanted = 'true, false, { args } or { refuse: reason }';
  return new PlenumError('CONFIG_INVALID', `The policy's "approve" must answer ${wanted}, for ${of}.`, {
    server,
    maybeExecuted: false,
  });
}

/** A method of a toolkit is given something that is not what it takes; `what` is a sentence. */
export function notTaken(what: string): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', what);
}

/** A resource could not be saved. */
export function notSaved(folder: string, error: unknown): PlenumError {
  return PlenumError.from(error, 'CONFIG_INVALID', `Saving a resource to "${folder}"`);
}

/** The folder for downloads was replaced while it was in use. */
export function folderReplaced(folder: string): PlenumError<'CONFIG_INVALID'> {
  const summary = `The download folder "${folder}" is not the one it was when it was first used.`;
  return new PlenumError('CONFIG_INVALID', summary);
}

/** A name of a file would lead out of the folder for downloads. */
export function nameLeadsOut(): PlenumError<'CONFIG_INVALID'> {
  return new PlenumError('CONFIG_INVALID', 'A name that leads out of the download folder was not used.');
}
