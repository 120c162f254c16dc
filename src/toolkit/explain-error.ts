import { PlenumError, type PlenumErrorCode } from '../errors/plenum-error.ts';
import { printable } from '../internal/text.ts';

const MAX_LENGTH = 1000;

/**
 * What a model is told of a call that failed: what happened and what it may try. Not the message itself, unless that
 * was made of nothing but the model's own words and the catalog: a message for people may hold the end of a server's
 * standard error, a command or a URL.
 */
export function explainError(error: unknown, tool: string): string {
  const name = printable(tool, 80);
  if (!(error instanceof PlenumError)) return `Tool "${name}" failed in the program that runs it.`;
  return printable(explain(error, name), MAX_LENGTH);
}

function explain(error: PlenumError, name: string): string {
  if (OWN_WORDS.has(error.code)) return error.message;
  const server = error.server === undefined ? 'its server' : `server "${error.server}"`;
  switch (error.code) {
    case 'TIMEOUT':
      return `Tool "${name}" gave no answer in time. ${whetherItRan(error)}`;
    case 'CONNECTION_LOST':
    case 'SESSION_EXPIRED':
      return `The connection to the server of tool "${name}" was lost. ${whetherItRan(error)}`;
    case 'AUTH_REQUIRED':
      return `Tool "${name}" cannot be called: ${server} wants somebody to sign in first.`;
    case 'URL_ELICITATION_REQUIRED':
      return `Tool "${name}" did not run: the user has to do something in a browser first.${wishes(error)}`;
    case 'PROTOCOL':
      return error.rpcMessage === undefined
        ? `Tool "${name}" failed on its way to ${server} or back.`
        : `Tool "${name}" failed: ${error.rpcMessage}`;
    case 'INVALID_RESULT':
      return `Tool "${name}" gave an answer that cannot be used. It may have run.`;
    case 'ABORTED':
      return `The call of tool "${name}" was given up. ${whetherItRan(error)}`;
    case 'CONFIG_INVALID':
      return `Tool "${name}" cannot be called: the program that runs it is not set up for it.`;
    default:
      return `Tool "${name}" cannot be called now: ${server} is not available. Try later, or go on without it.`;
  }
}

/** Their messages quote names of the catalog and what the model itself wrote. */
const OWN_WORDS: ReadonlySet<PlenumErrorCode> = new Set<PlenumErrorCode>([
  'UNKNOWN_TOOL',
  'UNKNOWN_PROMPT',
  'UNKNOWN_RESOURCE',
  'UNKNOWN_SERVER',
  'AMBIGUOUS_RESOURCE',
  'INVALID_ARGUMENTS',
]);

function whetherItRan({ maybeExecuted }: PlenumError): string {
  return maybeExecuted === false ? 'It did not run.' : 'It may have run all the same.';
}

/** What the server says of it; not where it wants the user to go, which is for the user's eyes only. */
function wishes({ elicitations = [] }: PlenumError): string {
  return elicitations.map(({ message }) => ` ${message}`).join('');
}
