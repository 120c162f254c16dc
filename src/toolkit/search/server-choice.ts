import { checkOptions } from '../../options/check-options.ts';
import { serverChoiceOptions } from '../../options/tables/toolkit.ts';
import { expectToolSource, type ToolSource } from '../tool-source.ts';
import { withOwnTools, type ExtendedToolSource } from '../own-tools.ts';
import { callByNameTool } from './call-by-name.ts';
import { fullDescription } from './describe-tools.ts';
import { filteredSource } from './filtered-source.ts';
import { listServersTool, useServerTool } from './server-tools.ts';
import { expectServer, toolsByServer } from './tools-by-server.ts';
import { toolLines } from './signature.ts';
import { printable } from '../../internal/text.ts';
import { visibleText } from '../../internal/visible-text.ts';

export interface ServerChoiceOptions {
  /**
   * How many servers the model can use at a time. A further one replaces the one that was chosen longest ago.
   * @default 1
   */
  readonly atOnce?: number;
  /**
   * How the model gets the tools of a chosen server. `list`: they are listed from the next turn on. `describe`:
   * `use_server` returns their definitions and `call_tool` calls them, for SDKs with one list of tools for a whole
   * conversation.
   * @default 'list'
   */
  readonly show?: 'list' | 'describe';
  /** Descriptions of servers for the model, by name, instead of the servers' own. */
  readonly descriptions?: Readonly<Record<string, string>>;
  /**
   * The source of titles, descriptions and instructions of servers.
   * @default the source, if it is a `SessionGroup`
   */
  readonly group?: ServerFacts;
}

/** Tools by which a model chooses servers. It holds the choice, so use one for each conversation. */
export interface ServerChoiceToolkit extends ExtendedToolSource {
  /** The chosen servers, the last chosen one at the end. */
  readonly inUse: readonly string[];
  /** Chooses a server, as `use_server` does. Throws `UNKNOWN_SERVER` when the source lists no tool of it. */
  use(server: string): void;
}

/**
 * Lists two tools, `list_servers` and `use_server`, and the tools of the servers that the model has chosen. Tools
 * that a toolkit added stay listed. Only tools that the source lists can be called. A lazy server is started only
 * when one of its tools is called. Throws `CONFIG_INVALID`.
 */
export function serverChoiceToolkit(
  source: ToolSource,
  options: ServerChoiceOptions = {},
): ServerChoiceToolkit {
  expectToolSource(source);
  checkOptions(serverChoiceOptions, options, 'Server choice options');
  const {
    atOnce = serverChoiceOptions.atOnce.default,
    show = serverChoiceOptions.show.default,
    descriptions = {},
    group,
  } = options;
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
  const shown = filteredSource(
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

function hasFacts(source: ToolSource): source is ToolSource & ServerFacts {
  return 'servers' in source && source.servers instanceof Map && 'session' in source;
}

/** Information on servers; a `SessionGroup` has it. */
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

/** A server's title and description in one line; empty when it has none. */
function introduce(facts: ServerFacts | undefined, server: string): string {
  const { title, description } = facts?.servers.get(server)?.serverInfo ?? {};
  const said = [title, description].filter((text) => text !== undefined && text !== '');
  return printable(visibleText(said.join(': ')).replace(/\s+/g, ' '), MAX_DESCRIPTION_LENGTH);
}

/** A server's instructions; empty when it has none. */
function instructionsOf(facts: ServerFacts | undefined, server: string): string {
  if (facts?.servers.has(server) !== true) return '';
  const text = visibleText(facts.session(server).instructions ?? '').trim();
  return text.length > MAX_INSTRUCTIONS_LENGTH ? `${text.slice(0, MAX_INSTRUCTIONS_LENGTH)}…` : text;
}
