import { isDeepStrictEqual } from 'node:util';
import type { ConfiguredGateway, ConfiguredServer } from '../../config/config.ts';
import { defaultUserTokenFile } from '../../config/auth.ts';
import type { Gateway, ListenOptions } from '../../gateway/gateway.ts';
import type { GatewayServer, GatewaySettings } from '../../gateway/gateway-options.ts';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { onAbort } from '../../internal/limit.ts';
import type { Invocation, RunCommand } from '../command-line/invocation.ts';
import { errorText } from '../errors/error-text.ts';
import { reportError } from '../errors/report-error.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { findServers, proxied, type ServerSet } from '../servers/server-set.ts';
import { eventText } from '../views/event-text.ts';
import { count } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { options, terminal, interrupt, inline } = invocation;
  if (options.stdio === true && (options.port ?? options.host ?? options.path) !== undefined)
    throw new UsageError('--stdio goes without --port, --host and --path.');
  const set = await findServers(invocation);
  for (const error of set.broken.values()) reportError(terminal, error, inline);
  const { createGateway } = await import('../../gateway/gateway.ts');
  const { naming, concurrency, lock } = set.options;
  const { listen: address, ...inFile } = set.config?.gateway ?? {};
  const servers = Object.entries(set.servers).map(
    ([name, spec]) => [name, served(spec, set, invocation)] as const,
  );
  const auth = { ...inFile.auth, ...(options.keyFile !== undefined && { keys: options.keyFile }) };
  if (options.cluster !== undefined && inFile.cluster === undefined)
    throw new UsageError('--cluster needs "secrets" under "gateway.cluster" of the configuration.');
  const cluster = inFile.cluster && {
    ...inFile.cluster,
    ...(options.cluster !== undefined && { url: options.cluster }),
  };
  const gateway = await createGateway({
    ...inFile,
    ...(cluster !== undefined && { cluster }),
    ...(Object.keys(auth).length > 0 && { auth }),
    servers: Object.fromEntries(servers),
    signIn: { file: defaultUserTokenFile(process.env), ...inFile.signIn },
    signal: interrupt.signal,
    ...(naming !== undefined && { naming }),
    ...(lock !== undefined && { lock }),
    ...(concurrency !== undefined && { concurrency }),
  });
  const stopListening = onAbort(interrupt.signal, () => void gateway.close());
  const following = await follow(invocation, set, gateway);
  try {
    const serving = options.stdio === true ? gateway.serveStdio() : listen(invocation, gateway, address);
    void tellProblems(gateway, invocation);
    await serving;
  } finally {
    stopListening();
    await following?.close();
    await gateway.close();
  }
  return EXIT.good;
};

/** Listens where the command line says, or else the configuration. */
async function listen(
  { options: { port, host, path }, terminal }: Invocation,
  gateway: Gateway,
  inFile: ListenOptions | undefined,
): Promise<void> {
  const given = {
    ...inFile,
    ...(port !== undefined && { port }),
    ...(host !== undefined && { host }),
    ...(path !== undefined && { path }),
  };
  const { url } = await gateway.listen(given).catch((error: unknown) => {
    throw withoutAuth(error) ?? error;
  });
  terminal.note(`listening on ${url}`);
  if (terminal.json) terminal.jsonLine({ url });
  await gateway.closed;
}

/** What to do on the command line about the option `auth`. */
function withoutAuth(error: unknown): UsageError | undefined {
  if (!(error instanceof PlenumError) || !isRecord(error.data) || error.data['option'] !== 'auth')
    return undefined;
  return new UsageError(
    `${error.summary} Make an API key with "plenum keys add <name> --key-file keys.json", and serve with --key-file keys.json.`,
  );
}

/** Shows which servers are not there, and what goes wrong with them. */
async function tellProblems(gateway: Gateway, { terminal, inline }: Invocation): Promise<void> {
  for (const [server, { state, error }] of gateway.servers) {
    if (error !== undefined) terminal.note(`[${server}] ${state}: ${errorText(error, inline)}`);
  }
  for (const error of gateway.problems) terminal.note(`[gateway] ${errorText(error, inline)}`);
  for await (const event of gateway.events()) {
    // Ending cancels what is being listed.
    if (event.type === 'problem' && event.error.code !== 'ABORTED')
      terminal.note(`[${event.server ?? 'gateway'}] ${errorText(event.error, inline)}`);
    if (event.type === 'drift') terminal.note(eventText(event));
    if (event.type === 'status' && (terminal.verbose || event.status.state === 'failed'))
      terminal.note(`[${event.server}] ${event.status.state}`);
  }
}

/** A server of the file, with the options that hold for all. A gateway opens servers when they are needed. */
function served(
  spec: ConfiguredServer,
  { options }: ServerSet,
  { options: { timeout } }: Invocation,
): GatewayServer {
  const { timeoutMs, connectTimeoutMs, protocol, reconnect, health } = options;
  const shared = { timeoutMs, connectTimeoutMs, protocol, reconnect, health };
  const given = Object.entries(shared).filter(([, value]) => value !== undefined);
  const { lazy: _lazy, ...own } = spec;
  return {
    ...Object.fromEntries(given),
    ...own,
    ...(timeout !== undefined && { timeoutMs: timeout, connectTimeoutMs: timeout }),
  };
}

/** Keeps the gateway in step with its configuration. With `--server`, the chosen names stay the same. */
async function follow(
  invocation: Invocation,
  set: ServerSet,
  gateway: Gateway,
): Promise<{ close(): Promise<void> } | undefined> {
  const { options, terminal, inline, interrupt } = invocation;
  if (set.config === undefined || options.server.length > 0) return undefined;
  const { watchConfig } = await import('../../config/watch/watch-config.ts');
  let told: ConfiguredGateway = set.config.gateway ?? {};
  const group = {
    get servers(): Gateway['servers'] {
      return gateway.servers;
    },
    add: async (name: string, spec: ConfiguredServer) => {
      set.noteServer?.(name, spec);
      const { [name]: found = spec } = await proxied({ [name]: spec }, terminal);
      await gateway.add(name, served(found, set, invocation));
    },
    remove: (name: string) => gateway.remove(name),
  };
  return watchConfig(group, set.config, {
    onEvent: (event) => {
      if (event.type === 'problem') {
        terminal.note(errorText(event.error, inline));
        return terminal.note('The gateway goes on with the configuration that it has.');
      }
      for (const [name, error] of event.failed) terminal.note(`[${name}] ${errorText(error, inline)}`);
      const changes = event.added.length + event.changed.length + event.removed.length;
      if (changes > 0) terminal.note(`The configuration has changed: ${count(changes, 'server')}.`);
      const before = told;
      told = event.config.gateway ?? {};
      if (!isDeepStrictEqual(settingsOf(before), settingsOf(told)) && !interrupt.signal.aborted) {
        gateway.configure(settingsOf(told));
        terminal.note('The settings of the gateway have changed.');
      }
      const fixed = AT_START.filter((name) => !isDeepStrictEqual(before[name], told[name]));
      const restart = [
        ...(event.groupOptionsChanged ? ['"plenum"'] : []),
        ...fixed.map((name) => `"gateway.${name}"`),
      ];
      if (restart.length > 0)
        terminal.note(`What it says under ${restart.join(' and ')} has changed: that needs a restart.`);
    },
  });
}

/** What a file says under `gateway` that holds from the start to the end. */
const AT_START = ['listen', 'tls', 'trustProxy', 'auth', 'audit', 'signIn', 'cluster'] as const;

/** What can change while the gateway runs. */
function settingsOf(said: ConfiguredGateway): GatewaySettings {
  const {
    listen: _l,
    tls: _t,
    trustProxy: _p,
    auth: _auth,
    audit: _audit,
    signIn: _signIn,
    cluster: _cluster,
    ...settings
  } = said;
  return settings;
}
