import { printable } from '../../internal/text.ts';

/** Knows more of servers than a list of their tools says; a `SessionGroup` does. */
export interface ServerFacts {
  readonly servers: ReadonlyMap<
    string,
    {
      readonly serverInfo?: {
        readonly title?: string | undefined;
        readonly description?: string | undefined;
      };
    }
  >;
  session(server: string): { readonly instructions: string | undefined };
}

const MAX_DESCRIPTION_LENGTH = 300;
const MAX_INSTRUCTIONS_LENGTH = 2_000;

/** What a server says of itself, in a line; empty when it says nothing. */
export function introduce(facts: ServerFacts | undefined, server: string): string {
  const { title, description } = facts?.servers.get(server)?.serverInfo ?? {};
  const said = [title, description].filter((text) => text !== undefined && text !== '');
  return printable(said.join(': ').replace(/\s+/g, ' '), MAX_DESCRIPTION_LENGTH);
}

/** How a server says that its tools are to be used; empty when it does not. */
export function instructionsOf(facts: ServerFacts | undefined, server: string): string {
  if (facts?.servers.has(server) !== true) return '';
  const text = facts.session(server).instructions?.trim() ?? '';
  return text.length > MAX_INSTRUCTIONS_LENGTH ? `${text.slice(0, MAX_INSTRUCTIONS_LENGTH)}…` : text;
}
