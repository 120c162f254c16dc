import type { ErrorAdvice } from '../../errors/advice.ts';
import { inWords } from '../../errors/advice.ts';
import type { PlenumError } from '../../errors/plenum-error.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { isLoginMissing, loginCommand, shellWord } from './sign-in-advice.ts';
import { printable } from '../../internal/text.ts';

const TIME_LIMITS = new Set(['connectTimeoutMs', 'timeoutMs', 'maxTotalTimeoutMs', 'loginTimeoutMs']);

/** The text of an error for users of the command line: its advice names flags and commands. */
export function errorText(error: PlenumError, inline?: Invocation['inline']): string {
  const { advice = [], detail } = error;
  const words = isLoginMissing(error)
    ? [wanted(error), ...advice.map(sentence), `Sign in with: ${loginCommand(error.server, inline)}`]
    : [error.summary, ...advice.map(sentence)];
  return [words.filter((each) => each !== '').join(' '), ...(detail === undefined ? [] : [detail])].join(
    '\n',
  );
}

function sentence(advice: ErrorAdvice): string {
  switch (advice.do) {
    case 'raise':
      return advice.options.some((option) => TIME_LIMITS.has(option))
        ? 'Allow more with --timeout.'
        : inWords([advice]);
    case 'check':
      return advice.options.includes('headers')
        ? 'Check its "auth" and "headers", or --header for a URL here.'
        : inWords([advice]);
    case 'set':
      return advice.option === 'naming'
        ? 'Use "naming": "prefixed" in the configuration, or choose others with --server.'
        : inWords([advice]);
    case 'name-server':
      return 'Name the server with --server.';
    case 'write-config':
      return (
        'Copy servers of your editors with "plenum import", name a file with --config, or name a server here: ' +
        'plenum tools -- npx -y some-server, plenum tools https://example.com/mcp.'
      );
    case 'use-name':
    case 'accept-drift':
      return inWords([advice]);
    case 'agree':
      return (
        `Look at it and agree with: plenum trust ${shellWord(printable(advice.file, 4_096))}. For this run alone there is --trust; ` +
        'a file named with --config needs no consent.'
      );
    // Only a program can do this; commands that can help add their own text.
    case 'visit-urls':
    case 'await-servers':
    case 'call':
    case 'sign-in':
    case 'release-leases':
      return '';
  }
}

/** The server that needs a login, and its authorization server. */
function wanted({
  server,
  summary,
  data,
}: PlenumError<'AUTH_REQUIRED'> & { readonly server: string }): string {
  if (data?.reason !== 'login_required') return summary;
  const { issuer } = data;
  const where = issuer !== undefined && URL.canParse(issuer) ? ` at ${new URL(issuer).origin}` : '';
  return `Server "${server}" wants you to sign in${where}.`;
}
