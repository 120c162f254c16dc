import { PlenumError } from '../../errors/plenum-error.ts';
import { checkCount, checkOneOf, checkTextRecord, isRecord } from '../../internal/checks.ts';
import { expectToolSource, type ToolSource } from '../tool-source.ts';
import { withOwnTools, type ExtendedToolSource } from '../own-tools.ts';
import { callByNameTool } from './call-by-name.ts';
import { fullDescription } from './describe-tools.ts';
import { partOf } from './part-of.ts';
import { listServersTool, useServerTool } from './server-tools.ts';
import { expectServer, toolsByServer } from './servers-of.ts';
import { toolLines } from './signature.ts';
import { printable } from '../../internal/text.ts';

export interface ServerChoiceOptions {
  /**
   * How many servers a model may use at a time; the one that was chosen longest ago makes room.
   * @default 1
   */
  readonly atOnce?: number;
  /**
   * How a model gets at the tools of the server that it uses: `list` puts them on the list of tools, from the next
   * turn on; `describe` has `use_server` describe them in full and `call_tool` call them, for SDKs that take one list
   * of tools for a whole conversation.
   * @default 'list'
   */
  readonly show?: 'list' | 'describe';
  /** What a model is told of a server, by its name, in the place of what the server says of itself. */
  readonly descriptions?: Readonly<Record<string, string>>;
  /**
   * Where titles, descriptions and instructions of servers come from.
   * @default the source, if it is a `SessionGroup`
   */
  readonly group?: ServerFacts;
}

/** Tools by which a model chooses its servers. Keep one for each conversation: it remembers what was chosen. */
export interface ServerChoiceToolkit extends ExtendedToolSource {
  /** The servers in use, the one chosen last at the end. */
  readonly inUse: readonly string[];
  /** Does what `use_server` does. Throws `UNKNOWN_SERVER` when the source lists no tool of it. */
  use(server: string): void;
}

/**
 * Shows a model two tools, `list_servers` and `use_server`, and then the tools of the server that it chose (row M7);
 * tools of a toolkit's own stay in sight. What the source does not list is neither told of nor called. With lazy
 * servers, one that no tool is called of is never started. Throws `CONFIG_INVALID`.
 */
export function serverChoiceToolkit(
  source: ToolSource,
  options: ServerChoiceOptions = {},
): ServerChoiceToolkit {
  expectToolSource(source);
  const { atOnce = 1, show = 'list', descriptions = {}, group } = checkOptions(options);
  const facts = group ?? (hasFacts(source) ? source : undefined);
  let inUse: readonly string[] = [];

  const nameOf = (id: string): string => extended.nameOf(id) ?? id;
  const servers = (): ReturnType<typeof toolsByServer> => toolsByServer(source.tools);
  const use = (server: string): readonly string[] => {
    const tools = expectServer(servers(), server);
    inUse = [...inUse.filter((name) => name !== server), server].slice(-atOnce);
    return tools;
  };
  const introductions = () =>
    [...servers()].map(([name, tools]) => ({
      name,
      tools,
      description: Object.hasOwn(descriptions, name) ? (descriptions[name] ?? '') : introduce(facts, name),
      isInUse: inUse.includes(name),
    }));
  const present = (server: string): string => {
    const tools = use(server);
    const describe = show === 'describe' ? fullDescription : toolLines;
    const lines = tools.flatMap((name) => {
      const tool = source.tools.get(name);
      return tool === undefined ? [] : [describe(name, tool)];
    });
    const howToCall =
      show === 'describe' ? `Call one with ${nameOf(callTool.id)}.` : 'These are among your tools now.';
    return [instructionsOf(facts, server), lines.join('\n'), howToCall]
      .filter((part) => part !== '')
      .join('\n\n');
  };

  const useServer = useServerTool(`${USE_SERVER[show]} ${room(atOnce)}`, present);
  const listServers = listServersTool(introductions, () => nameOf(useServer.id));
  const callTool = callByNameTool(source, 'Use a server to learn the names of its tools.');
  const own = show === 'describe' ? [listServers, useServer, callTool] : [listServers, useServer];
  const shown = partOf(
    source,
    (_, { server }) => server === undefined || (show === 'list' && inUse.includes(server)),
  );
  const extended = withOwnTools(shown, () => own);
  return {
    get tools() {
      return extended.tools;
    },
    get problems() {
      return extended.problems;
    },
    get inUse() {
      return inUse;
    },
    nameOf: (id) => extended.nameOf(id),
    callTool: (name, args, callOptions) => extended.callTool(name, args, callOptions),
    use: (server) => void use(server),
  };
}

const USE_SERVER = {
  list: 'Chooses a server, so that you can call its tools: they are among your tools from then on.',
  describe: 'Chooses a server and describes its tools in full.',
} as const;

function room(atOnce: number): string {
  if (atOnce === Infinity) return '';
  const many = atOnce === 1 ? 'one server' : `${atOnce} servers`;
  return `You can use ${many} at a time; choosing another puts the oldest choice away.`;
}

function checkOptions(options: ServerChoiceOptions): ServerChoiceOptions {
  const given: unknown = options;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Server choice options must be an object.');
  checkCount('atOnce', options.atOnce, 1);
  checkOneOf('show', options.show, ['list', 'describe']);
  checkTextRecord('descriptions', options.descriptions);
  return options;
}

function hasFacts(source: ToolSource): source is ToolSource & ServerFacts {
  return 'servers' in source && source.servers instanceof Map && 'session' in source;
}

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
function introduce(facts: ServerFacts | undefined, server: string): string {
  const { title, description } = facts?.servers.get(server)?.serverInfo ?? {};
  const said = [title, description].filter((text) => text !== undefined && text !== '');
  return printable(said.join(': ').replace(/\s+/g, ' '), MAX_DESCRIPTION_LENGTH);
}

/** How a server says that its tools are to be used; empty when it does not. */
function instructionsOf(facts: ServerFacts | undefined, server: string): string {
  if (facts?.servers.has(server) !== true) return '';
  const text = facts.session(server).instructions?.trim() ?? '';
  return text.length > MAX_INSTRUCTIONS_LENGTH ? `${text.slice(0, MAX_INSTRUCTIONS_LENGTH)}…` : text;
}
