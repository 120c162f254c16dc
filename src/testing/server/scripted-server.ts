import type { ProcessFacts, Reply } from './call.ts';
import { checkCommand } from '../script/check-script.ts';
import type { JsonObject } from './json-rpc.ts';
import type {
  ControlCommand,
  Crash,
  FaultChanges,
  ScriptedPrompt,
  ScriptedResource,
  ScriptedResourceTemplate,
  ScriptedTool,
  ServerScript,
} from '../script/script.ts';
import { ServerCore, type Inspection } from './server-core.ts';

/** A server that follows its script, which can be changed while it runs. Subclasses connect it to a transport. */
export abstract class ScriptedServer {
  /** @internal */
  protected readonly core: ServerCore;

  /** Throws `CONFIG_INVALID` when the script is not one. */
  constructor(script: ServerScript) {
    this.core = new ServerCore(script, {
      died: (crash, afterAnswer) => this.died(crash, afterAnswer),
      heldInput: (held) => this.heldInput(held),
      forgetSessions: () => this.forgetSessions(),
      about: () => this.about(),
    });
  }

  /** Ends all connections, timers and sockets. Idempotent. */
  abstract close(): Promise<void>;

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The script with all changes since the start. */
  get script(): ServerScript {
    return this.core.script;
  }

  /** The last 1000 requests that were received, oldest first, without the `testing/` ones. */
  get requests(): Inspection['requests'] {
    return this.core.requests;
  }

  /** The last 1000 notifications that were received. */
  get notifications(): Inspection['notifications'] {
    return this.core.notifications;
  }

  /** Requests that the client cancelled while they ran. */
  get cancelled(): Inspection['cancelled'] {
    return this.core.cancelled;
  }

  /** The last 1000 answers of clients to the server's requests. */
  get replies(): Inspection['replies'] {
    return this.core.replies;
  }

  /** Connections so far: sockets, or linked pairs. */
  get connections(): number {
    return this.core.connections;
  }

  /** Requests that have no answer yet. */
  get running(): number {
    return this.core.running;
  }

  /** All of the above, as a child process reports it. */
  inspect(): Inspection {
    return this.core.inspect();
  }

  /** Replaces the tools and notifies the clients that subscribed. */
  setTools(tools: ScriptedTool[]): void {
    this.control({ command: 'setTools', tools });
  }

  setResources(resources: ScriptedResource[]): void {
    this.control({ command: 'setResources', resources });
  }

  setResourceTemplates(resourceTemplates: ScriptedResourceTemplate[]): void {
    this.control({ command: 'setResourceTemplates', resourceTemplates });
  }

  setPrompts(prompts: ScriptedPrompt[]): void {
    this.control({ command: 'setPrompts', prompts });
  }

  /** Notifies the clients that subscribed to a resource that it has changed. */
  resourceUpdated(uri: string): void {
    this.control({ command: 'resourceUpdated', uri });
  }

  /** Adds to the faults, and ends those that are given as null. */
  setFaults(faults: FaultChanges): void {
    this.control({ command: 'setFaults', faults });
  }

  /** Sends a notification to every client. */
  notify(method: string, params?: JsonObject): void {
    this.control({ command: 'notify', method, ...(params && { params }) });
  }

  /** Sends a request to every client; resolves with their answers. */
  ask(method: string, params?: JsonObject): Promise<Reply[]> {
    return this.core.ask(method, params);
  }

  /** Dies at once: connections end, and running calls are lost. New connections are accepted. */
  crash(crash: Crash = {}): void {
    this.control({ command: 'crash', ...crash });
  }

  /** Reads and sends nothing until `resume()`, or for `forMs` milliseconds. */
  hang(forMs?: number): void {
    this.control({ command: 'hang', ...(forMs !== undefined && { forMs }) });
  }

  /** Ends a `hang()`. */
  resume(): void {
    this.control({ command: 'resume' });
  }

  /** Forgets all HTTP sessions. */
  expireSessions(): void {
    this.control({ command: 'expireSessions' });
  }

  /** Executes a command that is given as data. Throws `CONFIG_INVALID` for an invalid one. */
  control(command: ControlCommand): void {
    checkCommand(command);
    this.core.control(command);
  }

  /** @internal */
  protected abstract died(crash: Crash, afterAnswer: boolean): void;

  /** @internal */
  protected heldInput(_held: boolean): void {}

  /** @internal */
  protected forgetSessions(): void {}

  /** @internal */
  protected about(): ProcessFacts {
    return { pid: process.pid };
  }
}
