import { Command, CommanderError, Option } from 'commander';
import { COMMANDS, GLOBAL_OPTIONS, type CommandDefinition, type OptionDefinition } from './command-table.ts';
import { UsageError, type ExitCode } from '../exit-codes.ts';
import { isServerUrl, type InlineServer } from './inline-server.ts';
import { parseDuration, type CommandOptions, type GlobalOptions } from './options.ts';
import { packageVersion } from '../version.ts';
import { howToWriteAsOne } from './two-words.ts';

/** A parsed command line. */
interface ParsedCommand {
  readonly definition: CommandDefinition;
  readonly operands: readonly string[];
  readonly inline: InlineServer | undefined;
  readonly options: GlobalOptions & CommandOptions;
}

const DESCRIPTION = `Every MCP server in one session: see, call and mend the servers of your mcp.json.

Servers come from the configuration, or from the command line itself:
  plenum tools -- npx -y some-server
  plenum tools https://example.com/mcp`;

const EXIT_CODES = `
Exit codes: 0 good, 1 the tool or server failed, 2 wrong usage or configuration, 3 could not connect,
4 authentication needed, 5 nobody has agreed to the file of this project, 6 something differs from the lock,
7 the audit has a warning, 130 interrupted.`;

/**
 * Parses a command line. Returns an exit code after it has printed help or a usage error of Commander. Throws a
 * {@link UsageError} for other usage errors; with `json` for all of them.
 */
export function parseCommandLine(
  own: readonly string[],
  inlineCommand: readonly string[] | undefined,
  json: boolean,
): ParsedCommand | ExitCode {
  let parsed: ParsedCommand | undefined;
  const program = new Command('plenum')
    .description(DESCRIPTION)
    .version(packageVersion(), '-V, --version')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', EXIT_CODES)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .configureOutput(json ? { writeErr: () => {} } : {})
    .exitOverride();
  for (const option of GLOBAL_OPTIONS) program.addOption(toOption(option));
  for (const definition of COMMANDS) {
    const command = commandOf(program, definition);
    command.action(() => {
      const { operands, inline } = splitOperands(definition, command.args, inlineCommand);
      const options = readOptions(command.optsWithGlobals());
      parsed =
        definition.servers === 'by name'
          ? {
              definition,
              operands: [],
              inline,
              options: { ...options, server: [...options.server, ...operands] },
            }
          : { definition, operands, inline, options };
    });
  }
  try {
    program.parse(own, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (json) throw new UsageError(textOf(error));
    // Commander has printed the message.
    return 2;
  }
  return parsed ?? 2;
}

/** The message of a usage error, without Commander's label. Without a command Commander shows the help. */
function textOf({ code, message }: CommanderError): string {
  return code === 'commander.help'
    ? 'There is no command. See: plenum --help'
    : message.replace(/^error: /, '');
}

function commandOf(program: Command, definition: CommandDefinition): Command {
  const [first = '', second] = definition.name.split(' ');
  const parent =
    second === undefined
      ? program
      : (program.commands.find((each) => each.name() === first) ??
        program.command(first).description(`${second}: ${definition.summary}`).helpCommand(false));
  const command = parent.command(second ?? first).description(definition.summary);
  const server = definition.servers === false ? '' : '[url] ';
  const after = definition.servers === false ? '' : ' [-- command [argument...]]';
  command.usage(`[options] ${server}${definition.usage ?? ''}${after}`.replaceAll(/ +/g, ' '));
  command.argument('[arguments...]').helpOption('-h, --help', 'show this help');
  // The usage line already shows the arguments.
  command.configureHelp({ showGlobalOptions: true, visibleArguments: () => [] });
  for (const option of definition.options ?? []) command.addOption(toOption(option));
  const examples = definition.examples.map((example) => `  ${example}`).join('\n');
  command.addHelpText('after', `\nExamples:\n${examples}`);
  return command;
}

function toOption({ flags, help, parse, many }: OptionDefinition): Option {
  const option = new Option(flags, help);
  if (many === true)
    option.argParser((text: string, before: string[] | undefined) => [...(before ?? []), text]);
  else if (parse !== undefined) option.argParser(parse);
  else if (option.long === '--timeout') option.argParser(parseDuration);
  return option;
}

function readOptions(given: Readonly<Record<string, unknown>>): GlobalOptions & CommandOptions {
  const list = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
  return {
    ...given,
    server: list(given['server']),
    root: list(given['root']),
    header: list(given['header']),
    env: list(given['env']),
    json: given['json'] === true,
    verbose: given['verbose'] === true,
    trust: given['trust'] === true,
    color: given['color'] !== false,
  };
}

/** Separates the inline server from the command's own arguments. */
function splitOperands(
  { name, operands: [least, most], servers, usage = '' }: CommandDefinition,
  args: readonly string[],
  inlineCommand: readonly string[] | undefined,
): Pick<ParsedCommand, 'operands' | 'inline'> {
  let operands = args;
  let inline: InlineServer | undefined;
  if (inlineCommand !== undefined) {
    if (servers === false) throw new UsageError(`plenum ${name} does not take a server after --.`);
    const [command, ...rest] = inlineCommand;
    if (command === undefined || command === '')
      throw new UsageError('After -- the command of a server is missing.');
    inline = { command, args: rest };
  } else if (servers !== false && args[0] !== undefined && isServerUrl(args[0]) && args.length > least) {
    // The one argument of "read <uri>" is a resource, even if it looks like a server's URL.
    inline = { url: args[0] };
    operands = args.slice(1);
  }
  const help = `See: plenum ${name} --help`;
  if (operands.length < least) throw new UsageError(`plenum ${name} wants ${usage}. ${help}`);
  if (operands.length > most) {
    const isName = most === 1 && servers === true && inline === undefined;
    const hint = isName ? howToWriteAsOne(name, operands) : '';
    throw new UsageError(`plenum ${name} takes no "${operands[most]}".${hint === '' ? ` ${help}` : hint}`);
  }
  return { operands, inline };
}
