import type { ConfiguredServer } from '../../config/config.ts';
import type { Gateway } from '../../gateway/gateway.ts';
import type { GatewayServer } from '../../gateway/gateway-options.ts';
import { onAbort } from '../../internal/limit.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { errorText } from '../errors/error-text.ts';
import { reportError } from '../errors/report-error.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { findServers, type ServerSet } from '../servers/server-set.ts';
import { count } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { options, terminal, interrupt, inline } = invocation;
  if (options.stdio === true && (options.port ?? options.host ?? options.path) !== undefined)
    throw new UsageError('--stdio goes without --port, --host and --path.');
  const set = await findServers(invocation);
  for (const error of set.broken.values()) reportError(terminal, error, inline);
  const { createGateway } = await import('../../gateway/gateway.ts');
  const { naming } = set.options;
  const servers = Object.entries(set.servers).map(([name, spec]) => [name, served(spec, set)] as const);
  const gateway = await createGateway({
    servers: Object.fromEntries(servers),
    signal: interrupt.signal,
    ...(naming !== undefined && { naming }),
  });
  const stopListening = onAbort(interrupt.signal, () => void gateway.close());
  const following = await follow(invocation, set, gateway);
  try {
    const serving = options.stdio === true ? gateway.serveStdio() : listen(invocation, gateway);
    void tellProblems(gateway, invocation);
    await serving;
  } finally {
    stopListening();
    await following?.close();
    await gateway.close();
  }
  return EXIT.good;
};

async function listen(
  { options: { port, host, path }, terminal }: Invocation,
  gateway: Gateway,
): Promise<void> {
  const { url } = await gateway.listen({
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(path !== undefined && { path }),
  });
  terminal.note(`listening on ${url}`);
  await gateway.closed;
}

/** Shows which servers are not there, and what goes wrong with them. */
async function tellProblems(gateway: Gateway, { terminal, inline }: Invocation): Promise<void> {
  for (const [server, { state, error }] of gateway.servers) {
    if (error !== undefined) terminal.note(`[${server}] ${state}: ${errorText(error, inline)}`);
  }
  for await (const event of gateway.events()) {
    if (event.type === 'problem') terminal.note(`[${event.server}] ${errorText(event.error, inline)}`);
    if (event.type === 'status' && (terminal.verbose || event.status.state === 'failed'))
      terminal.note(`[${event.server}] ${event.status.state}`);
  }
}

/** A server of the file, with the options that hold for all. A gateway opens servers when they are needed. */
function served(spec: ConfiguredServer, { options, managerOptions: _ }: ServerSet): GatewayServer {
  const { timeoutMs, connectTimeoutMs, protocol, reconnect, health } = options;
  const shared = { timeoutMs, connectTimeoutMs, protocol, reconnect, health };
  const given = Object.entries(shared).filter(([, value]) => value !== undefined);
  const { lazy: _lazy, ...own } = spec;
  return { ...Object.fromEntries(given), ...own };
}

/** Keeps the gateway in step with its configuration. With `--server`, the chosen names stay the same. */
async function follow(
  { options, terminal, inline }: Invocation,
  set: ServerSet,
  gateway: Gateway,
): Promise<{ close(): Promise<void> } | undefined> {
  if (set.config === undefined || options.server.length > 0) return undefined;
  const { watchConfig } = await import('../../config/watch/watch-config.ts');
  const group = {
    get servers(): Gateway['servers'] {
      return gateway.servers;
    },
    add: (name: string, spec: ConfiguredServer) => gateway.add(name, served(spec, set)),
    remove: (name: string) => gateway.remove(name),
  };
  return watchConfig(group, set.config, {
    onEvent: (event) => {
      if (event.type === 'problem') return terminal.note(errorText(event.error, inline));
      for (const [name, error] of event.failed) terminal.note(`[${name}] ${errorText(error, inline)}`);
      const changes = event.added.length + event.changed.length + event.removed.length;
      if (changes > 0) terminal.note(`The configuration has changed: ${count(changes, 'server')}.`);
    },
  });
}
