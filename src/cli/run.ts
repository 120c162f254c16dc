import { EXIT, exitCodeOf, type ExitCode } from './exit-codes.ts';
import { splitInlineCommand, type InlineServer } from './command-line/inline-server.ts';
import { Interrupt } from './terminal/interrupt.ts';
import { parseCommandLine } from './command-line/program.ts';
import { reportError } from './errors/report-error.ts';
import { Terminal } from './terminal/terminal.ts';
import type { CommandName } from './command-line/command-table.ts';
import type { RunCommand } from './command-line/invocation.ts';

/** Runs the command and ends the process. */
export async function run(argv: readonly string[]): Promise<void> {
  // The reader of the output may close the pipe early, as "head" does.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    process.exit(code === 'EPIPE' ? EXIT.good : EXIT.failed);
  });
  const exitCode = await runCommand(argv);
  await flushed(process.stdout);
  await flushed(process.stderr);
  process.exit(exitCode);
}

async function runCommand(argv: readonly string[]): Promise<ExitCode> {
  const { own, command } = splitInlineCommand(argv);
  // An empty NO_COLOR has no effect (no-color.org), but Node only checks whether it is set.
  if (process.env['NO_COLOR'] === '') delete process.env['NO_COLOR'];
  // The libraries for prompts and tables read this variable, too.
  if (own.includes('--no-color')) process.env['NO_COLOR'] = '1';
  let terminal = new Terminal({ json: own.includes('--json'), verbose: false, color: true });
  let interrupt: Interrupt | undefined;
  let inline: InlineServer | undefined;
  try {
    const parsed = parseCommandLine(own, command, terminal.json);
    if (typeof parsed === 'number') return parsed;
    const { definition, ...rest } = parsed;
    terminal = new Terminal(parsed.options);
    inline = parsed.inline;
    interrupt = new Interrupt(terminal);
    interrupt.listen();
    const runIt = await loadCommand(definition.name);
    const exitCode = await runIt({ ...rest, terminal, interrupt });
    return interrupt.exitCode ?? exitCode;
  } catch (error) {
    if (interrupt?.exitCode !== undefined) return interrupt.exitCode;
    reportError(terminal, error, inline);
    return exitCodeOf(error);
  }
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });
}

/** Each command has a file of its own, which is loaded when the command is called. */
const LOADERS: Readonly<Record<CommandName, () => Promise<RunCommand>>> = {
  servers: async () => (await import('./commands/servers.ts')).run,
  tools: async () => (await import('./commands/tools.ts')).run,
  resources: async () => (await import('./commands/resources.ts')).run,
  prompts: async () => (await import('./commands/prompts.ts')).run,
  describe: async () => (await import('./commands/describe.ts')).run,
  call: async () => (await import('./commands/call.ts')).run,
  read: async () => (await import('./commands/read.ts')).run,
  prompt: async () => (await import('./commands/prompt.ts')).run,
  complete: async () => (await import('./commands/complete.ts')).run,
  ping: async () => (await import('./commands/ping.ts')).run,
  health: async () => (await import('./commands/health.ts')).run,
  watch: async () => (await import('./commands/watch.ts')).run,
  serve: async () => (await import('./commands/serve.ts')).run,
  import: async () => (await import('./commands/import.ts')).run,
  'config check': async () => (await import('./commands/config-check.ts')).run,
  trust: async () => (await import('./commands/trust.ts')).run,
  doctor: async () => (await import('./commands/doctor.ts')).run,
  login: async () => (await import('./commands/login.ts')).run,
  logout: async () => (await import('./commands/logout.ts')).run,
  'auth status': async () => (await import('./commands/auth-status.ts')).run,
  'keys add': async () => (await import('./commands/keys-add.ts')).run,
  'keys list': async () => (await import('./commands/keys-list.ts')).run,
  'keys remove': async () => (await import('./commands/keys-remove.ts')).run,
  types: async () => (await import('./commands/types.ts')).run,
  lock: async () => (await import('./commands/lock.ts')).run,
  'lock diff': async () => (await import('./commands/lock-diff.ts')).run,
  'lock accept': async () => (await import('./commands/lock-accept.ts')).run,
  'lock check': async () => (await import('./commands/lock-diff.ts')).check,
  audit: async () => (await import('./commands/audit.ts')).run,
  completion: async () => (await import('./commands/completion.ts')).run,
};

function loadCommand(name: CommandName): Promise<RunCommand> {
  return LOADERS[name]();
}
