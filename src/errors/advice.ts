import { printable } from '../internal/text.ts';

/**
 * What the reader of an error can try, as data: a program can act on it, and a user interface can say it in its own
 * words. `message` has it in the words of the library.
 */
export type ErrorAdvice =
  /** Give one of these options a larger value. */
  | { readonly do: 'raise'; readonly options: readonly string[] }
  /** Correct these options of the server's spec, or give them. */
  | { readonly do: 'check'; readonly options: readonly string[] }
  /** Give this option, with this value if one is named. */
  | { readonly do: 'set'; readonly option: string; readonly value?: string }
  /** Call this method: `reconnect`, `authorize`. */
  | { readonly do: 'call'; readonly method: string }
  /** Sign in to the server, then try again. */
  | { readonly do: 'sign-in' }
  /** Say which server is meant, with the option `server`. */
  | { readonly do: 'name-server' }
  /** Wait until these servers of the group are ready: `group.ready({ server })`. */
  | { readonly do: 'await-servers'; readonly servers: readonly string[] }
  /** Use one of these names: they are nearest to the one that is not known. */
  | { readonly do: 'use-name'; readonly names: readonly string[] }
  /** Let the user visit the URLs in `elicitations`, then call again. */
  | { readonly do: 'visit-urls' }
  /** Look at what changed, and approve it when it is right: `plenum lock accept`. */
  | { readonly do: 'accept-drift'; readonly server: string }
  /** Release leases sooner. */
  | { readonly do: 'release-leases' }
  /** Write a configuration, or give the path of one. */
  | { readonly do: 'write-config' }
  /** Look at this file of a project, and agree to what it would run. */
  | { readonly do: 'agree'; readonly file: string };

/** Advice in the words of the library, ready to stand behind a summary. */
export function inWords(advice: readonly ErrorAdvice[]): string {
  return advice.map(sentence).join(' ');
}

function sentence(advice: ErrorAdvice): string {
  switch (advice.do) {
    case 'raise':
      return `Allow more with ${quoted(advice.options, 'or')}.`;
    case 'check':
      return `Check ${quoted(advice.options, 'and')} of its spec.`;
    case 'set':
      return advice.value === undefined
        ? `Give the option "${advice.option}".`
        : `Set the option "${advice.option}" to ${advice.value}.`;
    case 'call':
      return `Call ${advice.method}().`;
    case 'sign-in':
      return 'Call authorize() to sign in.';
    case 'name-server':
      return 'Name the server with the option "server".';
    case 'await-servers':
      return `Wait with group.ready({ server: ${quoted(advice.servers, 'or')} }).`;
    case 'use-name':
      return `Did you mean ${quoted(advice.names, 'or')}?`;
    case 'visit-urls':
      return 'See "elicitations", then call again.';
    case 'accept-drift':
      return 'See what changed with "plenum lock diff"; when it is right, approve it with "plenum lock accept".';
    case 'release-leases':
      return 'Release leases sooner.';
    case 'write-config':
      return 'Give the path of one, or make one: { "mcpServers": { "name": { "command": "…" } } }.';
    case 'agree':
      return 'Look at it and agree with "plenum trust", give the option "consent", or give its path.';
  }
}

function quoted(words: readonly string[], last: 'and' | 'or'): string {
  const each = words.map((word) => `"${printable(word, 80)}"`);
  return each.length < 3 ? each.join(` ${last} `) : `${each.slice(0, -1).join(', ')} ${last} ${each.at(-1)}`;
}
