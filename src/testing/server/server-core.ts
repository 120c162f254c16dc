import type { ProcessFacts, Reply, ServerContext } from './call.ts';
import { checkScript } from '../script/check-script.ts';
import type { JsonObject, RequestId, RpcRequest } from './json-rpc.ts';
import { writeLedger } from './ledger.ts';
import { Peer, type Channel, type Observer } from './peer.ts';
import type {
  ControlCommand,
  Crash,
  FaultChanges,
  Faults,
  ListKind,
  ServerScript,
} from '../script/script.ts';

export interface LoggedRequest {
  id: RequestId;
  method: string;
  params: JsonObject;
}

export interface LoggedNotification {
  method: string;
  params: JsonObject;
}

/** A client's answer to a request of the server. */
export type LoggedReply = { method: string } & Reply;

/** The result of `testing/inspect`. Each log has its last 1000 entries, oldest first. */
export interface Inspection {
  name: string;
  pid: number;
  /** Requests received, without the `testing/` ones. */
  requests: readonly LoggedRequest[];
  notifications: readonly LoggedNotification[];
  /** Requests that the client cancelled while they ran. */
  cancelled: readonly LoggedRequest[];
  /** Answers of clients to the server's requests. */
  replies: readonly LoggedReply[];
  /** Connections so far: processes, sockets, linked pairs. */
  connections: number;
  /** Requests that have no answer yet. */
  running: number;
  /** Process id of a child process's own child. */
  grandchild?: number;
}

/** The transport's side of a server, as the core needs it. */
interface Host {
  /** Ends the process, or resets connections; with `afterAnswer`, after sent messages have arrived. */
  died(crash: Crash, afterAnswer: boolean): void;
  /** Stops reading input, or resumes it. */
  heldInput(held: boolean): void;
  forgetSessions(): void;
  about(): ProcessFacts;
}

const LOG_LIMIT = 1000;

function log<T>(entries: T[], entry: T): void {
  if (entries.push(entry) > LOG_LIMIT) entries.shift();
}

/** The state of a scripted server, shared by all its connections. */
export class ServerCore implements ServerContext, Observer {
  readonly requests: LoggedRequest[] = [];
  readonly notifications: LoggedNotification[] = [];
  readonly cancelled: LoggedRequest[] = [];
  readonly replies: LoggedReply[] = [];
  readonly #host: Host;
  readonly #peers = new Set<Peer>();
  readonly #counts = new Map<string, number>();
  #script: ServerScript;
  #life = new AbortController();
  /** Functions to call at the end of a hang; undefined while the server does not hang. */
  #backlog: (() => void)[] | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #flapTimer: NodeJS.Timeout | undefined;

  constructor(script: ServerScript, host: Host) {
    checkScript(script);
    this.#script = script;
    this.#host = host;
  }

  get context(): ServerContext {
    return this;
  }

  get script(): ServerScript {
    return this.#script;
  }

  get faults(): Faults {
    return this.#script.faults ?? {};
  }

  get life(): AbortSignal {
    return this.#life.signal;
  }

  get about(): ServerContext['about'] {
    return { ...this.#host.about(), connections: this.connections };
  }

  get connections(): number {
    return this.#counts.get('connections') ?? 0;
  }

  get running(): number {
    return [...this.#peers].reduce((sum, peer) => sum + peer.running, 0);
  }

  /** Counts a process, socket or linked pair, and returns its number. */
  connected(): number {
    const { flap } = this.faults;
    if (flap !== undefined) this.#flapTimer ??= setTimeout(() => this.die({}), flap.afterMs);
    return this.count('connections');
  }

  /** Adds a client. */
  open(channel: Channel): Peer {
    const peer = new Peer(channel, this);
    this.#peers.add(peer);
    return peer;
  }

  /** Ends all clients and timers. The server can be used again. */
  end(graceful = false): void {
    this.#life.abort();
    this.#life = new AbortController();
    clearTimeout(this.#flapTimer);
    clearTimeout(this.#wakeTimer);
    this.#flapTimer = undefined;
    this.#backlog = undefined;
    for (const peer of this.#peers) peer.end(graceful);
  }

  count(what: string, add = 1): number {
    const count = (this.#counts.get(what) ?? 0) + add;
    this.#counts.set(what, count);
    return count;
  }

  record(tool: string, params: JsonObject): void {
    const { ledgerFile, name = 'scripted' } = this.#script;
    if (ledgerFile === undefined) return;
    const { pid } = this.#host.about();
    writeLedger(ledgerFile, { event: 'call', server: name, pid, tool, arguments: params['arguments'] ?? {} });
  }

  announce(kind: ListKind): void {
    for (const peer of this.#peers) peer.announce(kind);
  }

  die(crash: Crash, afterAnswer = false): void {
    clearTimeout(this.#flapTimer);
    this.#flapTimer = undefined;
    this.#host.died(crash, afterAnswer);
  }

  ask(method: string, params?: JsonObject): Promise<Reply[]> {
    return Promise.all([...this.#peers].map((peer) => peer.ask(method, params)));
  }

  inspect(): Inspection & JsonObject {
    const { pid, connections, grandchild } = this.about;
    return {
      name: this.#script.name ?? 'scripted',
      pid,
      requests: this.requests,
      notifications: this.notifications,
      cancelled: this.cancelled,
      replies: this.replies,
      connections,
      running: this.running,
      ...(grandchild !== undefined && { grandchild }),
    };
  }

  control(command: ControlCommand): void {
    switch (command.command) {
      case 'setTools':
        return this.#replace('tools', { tools: command.tools });
      case 'setResources':
        return this.#replace('resources', { resources: command.resources });
      case 'setResourceTemplates':
        return this.#replace('resourceTemplates', { resourceTemplates: command.resourceTemplates });
      case 'setPrompts':
        return this.#replace('prompts', { prompts: command.prompts });
      case 'resourceUpdated':
        return this.#peers.forEach((peer) => peer.resourceUpdated(command.uri));
      case 'crash':
        return this.die(command);
      case 'hang':
        return this.#hang(command.forMs);
      case 'resume':
        return this.#resume();
      case 'setFaults':
        return this.#changeFaults(command.faults);
      case 'notify':
        return this.#peers.forEach((peer) => peer.notify(command.method, command.params));
      case 'expireSessions':
        return this.#host.forgetSessions();
    }
  }

  whenAwake(act: () => void): void {
    if (this.#backlog === undefined) act();
    else this.#backlog.push(act);
  }

  sawRequest({ id, method, params = {} }: RpcRequest): void {
    if (!method.startsWith('testing/')) log(this.requests, { id, method, params });
  }

  sawNotification(method: string, params: JsonObject = {}): void {
    log(this.notifications, { method, params });
  }

  sawCancel({ id, method, params = {} }: RpcRequest): void {
    log(this.cancelled, { id, method, params });
  }

  sawReply(method: string, reply: Reply): void {
    log(this.replies, { method, ...reply });
  }

  sawEnd(peer: Peer): void {
    this.#peers.delete(peer);
  }

  #replace(kind: ListKind, part: Partial<ServerScript>): void {
    this.#script = { ...this.#script, ...part };
    this.announce(kind);
  }

  #changeFaults(changes: FaultChanges): void {
    const all = Object.entries({ ...this.faults, ...changes });
    this.#script = { ...this.#script, faults: Object.fromEntries(all.filter(([, fault]) => fault !== null)) };
  }

  #hang(forMs?: number): void {
    this.#backlog ??= [];
    this.#host.heldInput(true);
    clearTimeout(this.#wakeTimer);
    if (forMs !== undefined) this.#wakeTimer = setTimeout(() => this.#resume(), forMs);
  }

  #resume(): void {
    clearTimeout(this.#wakeTimer);
    const backlog = this.#backlog ?? [];
    this.#backlog = undefined;
    this.#host.heldInput(false);
    for (const act of backlog) this.whenAwake(act);
  }
}
