import type { PlenumError } from '../../errors/plenum-error.ts';

/** What the library says to programs, and what it is called here. */
const WORDS: readonly (readonly [theirs: string | RegExp, ours: string])[] = [
  [/Allow more with "(?:connectTimeoutMs|timeoutMs|maxTotalTimeoutMs)"\./, 'Allow more with --timeout.'],
  ['Name one with the option "server".', 'Name one with --server.'],
  [
    'name the server with the option "server" if it has it all the same.',
    'name the server with --server if it has it all the same.',
  ],
  ['No server of this group has', 'No server has'],
  ['in this group.', 'here.'],
  [
    "Use naming: 'prefixed', or a naming function.",
    'Use "naming": "prefixed" in the configuration, or choose others with --server.',
  ],
  [' See "elicitations", then call again.', ''],
  ['Check "auth" and "headers" of its spec.', 'Check its "auth" and "headers", or --header for a URL here.'],
  [
    'Give the path of one, or make one: { "mcpServers": { "name": { "command": "…" } } }.',
    'Copy servers of your editors with "plenum import", name a file with --config, or name a server here: ' +
      'plenum tools -- npx -y some-server, plenum tools https://example.com/mcp.',
  ],
];

/** A message of the library in the words of the command line. */
export function inCommandWords(message: string): string {
  return WORDS.reduce((text, [theirs, ours]) => text.replace(theirs, ours), message);
}

/** The same error, in the words of the command line. */
export function withCommandWords(error: PlenumError, more = ''): PlenumError {
  const message = inCommandWords(error.message) + more;
  return message === error.message ? error : error.withMessage(message);
}
