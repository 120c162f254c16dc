import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { PlenumError } from '../../../src/errors/plenum-error.ts';
import type { StdioServerSpec } from '../../../src/server-spec.ts';
import { StdioTransport } from '../../../src/transport/stdio/stdio-transport.ts';
import { eventually } from '../../support/eventually.ts';
import { fixture } from '../../support/fixtures.ts';

/** A spec that runs one of the fixture programs. */
export function server(
  name: 'echo' | 'stubborn' | 'family' | 'huge',
  args: readonly string[] = [],
  rest: Partial<StdioServerSpec> = {},
): StdioServerSpec {
  return { ...fixture(`stdio-${name}.mjs`, ...args), ...rest };
}

/** A transport and all that it has reported. */
export class Probe {
  readonly transport: StdioTransport;
  readonly messages: JSONRPCMessage[] = [];
  readonly problems: PlenumError[] = [];
  readonly errors: Error[] = [];
  readonly stderrLines: string[] = [];
  /** What was there when `onclose` fired: how many messages, each time. */
  readonly closes: number[] = [];
  #lastId = 0;

  constructor(spec: StdioServerSpec) {
    this.transport = new StdioTransport(spec, {
      server: 'probed',
      onProblem: (error) => this.problems.push(error),
      onStderr: (line) => this.stderrLines.push(line),
      memory: {},
    });
    this.transport.onmessage = (message) => this.messages.push(message);
    this.transport.onerror = (error) => this.errors.push(error);
    this.transport.onclose = () => this.closes.push(this.messages.length);
  }

  /** Sends a request and returns its id. */
  send(method: string, params: Record<string, unknown> = {}): { id: number; sent: Promise<void> } {
    const id = ++this.#lastId;
    return { id, sent: this.transport.send({ jsonrpc: '2.0', id, method, params }) };
  }

  /** Sends a request and returns its result. */
  async ask(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { id, sent } = this.send(method, params);
    await sent;
    return eventually(`an answer to "${method}"`, () => {
      for (const message of this.messages) {
        if ('id' in message && message.id === id && 'result' in message) return message.result;
      }
      return undefined;
    });
  }

  /** Waits for a notification and returns its parameters. */
  async notified(method: string): Promise<Record<string, unknown>> {
    return eventually(`a notification "${method}"`, () => {
      for (const message of this.messages) {
        if ('method' in message && message.method === method) return message.params ?? {};
      }
      return undefined;
    });
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    const { pid } = this.transport;
    if (pid === undefined) throw new Error('Not running');
    process.kill(pid, signal);
  }

  closed(): Promise<unknown> {
    return eventually('the end of the transport', () => this.closes.length > 0);
  }
}

/** A function that waits until no more handles and timers are active than when it was made. */
export function leakCheck(): () => Promise<void> {
  const before = activeResources();
  return async () => {
    await eventually('no handle is left', () => {
      const now = activeResources();
      return [...now].every(([type, count]) => count <= (before.get(type) ?? 0));
    });
  };
}

function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

export function base64(...pieces: (string | Buffer)[]): string[] {
  return pieces.map((piece) => Buffer.from(piece).toString('base64'));
}

/** Opens probes for the tests of one file, and ends them. */
export class Probes {
  readonly #all: Probe[] = [];

  create(spec: StdioServerSpec): Probe {
    const probe = new Probe(spec);
    this.#all.push(probe);
    return probe;
  }

  async open(spec: StdioServerSpec): Promise<Probe> {
    const probe = this.create(spec);
    await probe.transport.start();
    return probe;
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.splice(0).map((probe) => probe.transport.destroy()));
  }
}
