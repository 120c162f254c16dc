import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'redis';
import { onTestFinished } from 'vitest';
import { eventually } from '../../support/eventually.ts';

/** Whether this machine has a Redis to start; docs/cluster.md says how to get one. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

if (!hasRedis) console.warn('There is no redis-server on this machine: the tests that need one are skipped.');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A Redis of the test's own, which keeps nothing on disk. */
export class TestRedis {
  readonly port: number;
  /** Of TLS, with `--tls-cert-file` among the arguments. */
  readonly tlsPort: number;
  readonly #args: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'plenum-redis-'));
  #process: ChildProcess | undefined;

  private constructor(port: number, tlsPort: number, args: readonly string[]) {
    this.port = port;
    this.tlsPort = tlsPort;
    this.#args = args;
  }

  static async start(...args: readonly string[]): Promise<TestRedis> {
    const redis = new TestRedis(await freePort(), await freePort(), args);
    onTestFinished(async () => {
      await redis.stop();
      rmSync(redis.#folder, { recursive: true, force: true });
    });
    await redis.start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const own = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder];
    if (this.#args.includes('--tls-cert-file')) own.push('--tls-port', String(this.tlsPort));
    const started = spawn('redis-server', [...own, ...this.#args], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#process = started;
    let said = '';
    started.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await eventually(
      () => `Redis is ready: ${said}`,
      () => said.includes('Ready to accept connections'),
    );
  }

  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }

  /** It keeps its connections, and answers nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  wake(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Sends one command, as somebody does who has access to Redis and no secret. */
  async command(...args: string[]): Promise<unknown> {
    const client = createClient({ url: this.url, RESP: 3 });
    client.on('error', () => {});
    await client.connect();
    try {
      return await client.sendCommand(args);
    } finally {
      client.destroy();
    }
  }

  /** Listens to a channel, as somebody can who has access to Redis. */
  async listen(channel: string): Promise<{ messages: string[]; stop: () => Promise<void> }> {
    const client = createClient({ url: this.url, RESP: 3 });
    client.on('error', () => {});
    await client.connect();
    const messages: string[] = [];
    await client.subscribe(channel, (message) => messages.push(message));
    return {
      messages,
      stop: async () => {
        // What was sent before this arrives before its answer.
        await client.ping();
        client.destroy();
      },
    };
  }

  async keys(): Promise<string[]> {
    const keys = await this.command('KEYS', '*');
    return Array.isArray(keys) ? keys.map(String).toSorted() : [];
  }
}

export const SECRET = 'the first secret of this cluster, long enough';
export const NEW_SECRET = 'the second secret of this cluster, long enough';
