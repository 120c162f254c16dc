import { parseEnv, parseHeaders, type GlobalOptions } from './options.ts';
import type { StdioServerSpec, UrlServerSpec } from '../../server-spec.ts';

/** A server that is given on the command line: a URL, or a command after `--`. */
export type InlineServer =
  { readonly command: string; readonly args: readonly string[] } | { readonly url: string };

/** Programs that run others: the server is named after the program that they run. */
const RUNNERS =
  /^(npx|npm|pnpm|pnpx|yarn|bunx?|uvx?|pipx|node|nodejs|deno|tsx|python[\d.]*|py|docker|podman|sudo|env|sh|bash)$/;

/** Arguments of such programs that are not the name of a program. */
const RUNNER_WORDS = /^(exec|x|dlx|run|start|tool|-.*|\w+=.*)$/;

export function isServerUrl(text: string): boolean {
  return /^(https?|wss?):\/\//i.test(text) && URL.canParse(text);
}

/** Splits the command of a server, after `--`, from the other arguments. */
export function splitInlineCommand(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly command: readonly string[] | undefined;
} {
  const at = argv.indexOf('--');
  if (at === -1) return { own: argv, command: undefined };
  return { own: argv.slice(0, at), command: argv.slice(at + 1) };
}

export function inlineSpec(server: InlineServer, options: GlobalOptions): StdioServerSpec | UrlServerSpec {
  if ('url' in server) return { url: server.url, headers: parseHeaders(options.header) };
  return { command: server.command, args: server.args, ...parseEnv(options.env) };
}

/** The name of an inline server: `server-memory` for `npx -y @modelcontextprotocol/server-memory`. */
export function inlineName(server: InlineServer): string {
  if ('url' in server) return new URL(server.url).hostname;
  const program = shortName(server.command);
  if (!RUNNERS.test(program)) return program;
  const what = server.args.find((arg) => !RUNNER_WORDS.test(arg));
  return what === undefined ? program : shortName(what);
}

/** The last part of a path or package name, without version and file extension. */
function shortName(text: string): string {
  const last = text.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '');
  const plain = last.replace(/(?<=.)[@:].*$/, '').replace(/\.(?:[cm]?[jt]s|py|exe|cmd|sh)$/i, '');
  return plain === '' ? 'server' : plain;
}
