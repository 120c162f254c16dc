import type { Transport } from '@modelcontextprotocol/client';
import { onTestFinished } from 'vitest';
import type { InProcessServer, InProcessServerSpec } from '../../../src/index.ts';
import {
  inProcess,
  type LoggedRequest,
  type ScriptedInProcessServer,
  type ServerScript,
} from '../../../src/testing/index.ts';

type Script = ServerScript | ((nr: number) => ServerScript);

/**
 * Servers in this process, one made for every connection, all by one script or each by its own. Each is called
 * `<name>-<nr>`, so that `whoami` tells which one answered: that is, which session was lent.
 */
export class Fleet {
  /** All that were ever made, in order. */
  readonly members: Member[] = [];
  /** How many were connected at the same moment at most. */
  mostOpen = 0;
  readonly #name: string;
  readonly #script: Script;

  constructor(script: Script = {}, name = 'member') {
    this.#script = script;
    this.#name = name;
    onTestFinished(
      async () => void (await Promise.all(this.members.map((member) => member.scripted.close()))),
    );
  }

  /** Connected now. */
  get open(): number {
    return this.members.filter(({ open }) => open).length;
  }

  get made(): number {
    return this.members.length;
  }

  /** What all of them were asked. */
  requests(method: string): LoggedRequest[] {
    return this.members.flatMap(({ scripted }) =>
      scripted.requests.filter((request) => request.method === method),
    );
  }

  /** A spec that reaches the fleet; always the same function, so that two specs are equal. */
  spec(protocol: 'legacy' | '2026-07-28' = 'legacy'): InProcessServerSpec {
    return { server: this.#make, protocol };
  }

  readonly #make = (): Member => {
    const nr = this.members.length;
    const script = typeof this.#script === 'function' ? this.#script(nr) : this.#script;
    const member = new Member(inProcess({ name: `${this.#name}-${nr}`, ...script }), () => {
      this.mostOpen = Math.max(this.mostOpen, this.open);
    });
    this.members.push(member);
    return member;
  };
}

export class Member implements InProcessServer {
  readonly scripted: ScriptedInProcessServer;
  open = false;
  readonly #onOpen: () => void;

  constructor(scripted: ScriptedInProcessServer, onOpen: () => void) {
    this.scripted = scripted;
    this.#onOpen = onOpen;
  }

  connect(transport: Transport): Promise<void> {
    this.open = true;
    this.#onOpen();
    return this.scripted.connect(transport);
  }

  close(): Promise<void> {
    this.open = false;
    return this.scripted.close();
  }
}
