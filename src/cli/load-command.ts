import type { CommandName } from './command-line/command-table.ts';
import type { RunCommand } from './command-line/invocation.ts';

/** Each command has a file of its own, which is loaded when it is called. */
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
  import: async () => (await import('./commands/import.ts')).run,
  'config check': async () => (await import('./commands/config-check.ts')).run,
  doctor: async () => (await import('./commands/doctor.ts')).run,
  login: async () => (await import('./commands/login.ts')).run,
  logout: async () => (await import('./commands/logout.ts')).run,
  'auth status': async () => (await import('./commands/auth-status.ts')).run,
  types: async () => (await import('./commands/types.ts')).run,
  completion: async () => (await import('./commands/completion.ts')).run,
};

export function loadCommand(name: CommandName): Promise<RunCommand> {
  return LOADERS[name]();
}
