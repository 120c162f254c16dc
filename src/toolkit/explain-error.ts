import { PlenumError, type PlenumErrorCode } from '../errors/plenum-error.ts';
import type { UnknownEntryData } from '../errors/registry.ts';
import { didYouMean, printable } from '../internal/text.ts';

const MAX_LENGTH = 1000;

/**
 * The text for a model about a failed call: what happened and what to try. The error's message is used only when it
 * consists of the model's input and names of the catalog: other messages may contain the end of a server's standard
 * error, a command or a URL. So may the reasons why servers are not ready.
 */
export function explainError(error: unknown, tool: string): string {
  const name = printable(tool, 80);
  if (!(error instanceof PlenumError)) return `Tool "${name}" failed in the program that runs it.`;
  return printable(explain(error, name), MAX_LENGTH);
}

function explain(error: PlenumError, name: string): string {
  if (isUnknownName(error) && error.data?.unready !== undefined) return explainUnknown(error.data, name);
  if (SAFE_MESSAGES.has(error.code)) return error.message;
  const server = error.server === undefined ? 'its server' : `server "${error.server}"`;
  switch (error.code) {
    case 'TIMEOUT':
      return `Tool "${name}" gave no answer in time. ${whetherItRan(error)}`;
    case 'CONNECTION_LOST':
    case 'SESSION_EXPIRED':
      return `The connection to the server of tool "${name}" was lost. ${whetherItRan(error)}`;
    case 'AUTH_REQUIRED':
      return `Tool "${name}" cannot be called: ${server} needs the user to sign in first.`;
    case 'URL_ELICITATION_REQUIRED':
      return `Tool "${name}" did not run: the user has to do something in a browser first.${elicitationMessages(error)}`;
    case 'PROTOCOL':
      return error.rpcMessage === undefined
        ? `Tool "${name}" failed on its way to ${server} or back.`
        : `Tool "${name}" failed: ${error.rpcMessage}`;
    case 'INVALID_RESULT':
      return `Tool "${name}" gave an answer that cannot be used. It may have run.`;
    case 'ABORTED':
      return `The call of tool "${name}" was cancelled. ${whetherItRan(error)}`;
    case 'CONFIG_INVALID':
      return `Tool "${name}" cannot be called: the program that runs it is not set up for it.`;
    default:
      return `Tool "${name}" cannot be called now: ${server} is not available. Try later, or go on without it.`;
  }
}

/** Codes whose messages contain only names of the catalog and the model's input. */
const SAFE_MESSAGES: ReadonlySet<PlenumErrorCode> = new Set<PlenumErrorCode>([
  'UNKNOWN_TOOL',
  'UNKNOWN_PROMPT',
  'UNKNOWN_RESOURCE',
  'UNKNOWN_SERVER',
  'AMBIGUOUS_RESOURCE',
  'INVALID_ARGUMENTS',
]);

type UnknownNameError = PlenumError<'UNKNOWN_TOOL' | 'UNKNOWN_PROMPT' | 'UNKNOWN_RESOURCE'>;

function isUnknownName(error: PlenumError): error is UnknownNameError {
  return ['UNKNOWN_TOOL', 'UNKNOWN_PROMPT', 'UNKNOWN_RESOURCE'].includes(error.code);
}

/** Names only the server that the model meant: a policy may hide the others. */
function explainUnknown({ name: wanted, nearest, unready }: UnknownEntryData, tool: string): string {
  const meant = unready?.find(({ expected }) => expected)?.server;
  if (meant !== undefined)
    return `There is no "${wanted}" now: server "${meant}" is not available. Try later, or go on without it.`;
  const what =
    wanted === tool ? `There is no tool "${tool}".` : `Tool "${tool}" failed: there is no "${wanted}".`;
  return `${what}${nearest.length === 0 ? '' : didYouMean(nearest)}`;
}

function whetherItRan({ maybeExecuted }: PlenumError): string {
  return maybeExecuted === false ? 'It did not run.' : 'It may have run anyway.';
}

/** The server's messages, without the URLs, which are for the user only. */
function elicitationMessages({ elicitations = [] }: PlenumError): string {
  return elicitations.map(({ message }) => ` ${message}`).join('');
}
