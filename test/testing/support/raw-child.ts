import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { StdioServerSpec } from '../../../src/server-spec.ts';
import { eventually } from '../../support/eventually.ts';

/** A child process that is spoken to line by line, without any SDK; killed when the test is over. */
export class RawChild {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  /** What came after the last line end. */
  rest = '';
  stderr = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor({ command, args = [], env, cwd }: StdioServerSpec) {
    this.process = spawn(command, args, { env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    this.exited = once(this.process, 'close').then(([code, signal]) => ({ code, signal }));
    this.process.stdin?.on('error', () => {});
    this.process.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.process.stdout?.on('data', (chunk) => {
      const lines = `${this.rest}${chunk}`.split('\n');
      this.rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    onTestFinished(async () => {
      this.process.kill('SIGKILL');
      await this.exited;
    });
  }

  send(id: number | undefined, method: string, params: object = {}): void {
    this.process.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  }

  endInput(): void {
    this.process.stdin?.end();
  }

  /** Says `initialize` and `initialized`, and waits for the answer. */
  async initialize(): Promise<void> {
    this.send(0, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'raw', version: '1' },
    });
    await this.answer(0);
    this.send(undefined, 'notifications/initialized');
  }

  /** The messages among the lines. */
  get messages(): { id?: unknown; method?: string; result?: unknown; params?: unknown }[] {
    return this.lines.flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }

  answer(id: number | string): Promise<{ result?: unknown; error?: unknown }> {
    return eventually(
      () => `an answer to ${id} among: ${this.lines.join('\n')}`,
      () => this.messages.find((message) => message.id === id && message.method === undefined),
    );
  }
}
