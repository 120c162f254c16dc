import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import {
  serveSse,
  serveWebSocket,
  stdioSpec,
  type ScriptedTool,
  type ServerScript,
} from '../../src/testing/index.ts';
import { unusedOrigin } from '../support/loopback.ts';
import { runningPids, startedPids } from '../support/processes.ts';
import { http } from '../support/servers.ts';
import { forwardProxy } from '../transport/support/forward-proxy.ts';
import { authority, clientIdentity, tlsFront } from '../transport/support/tls-front.ts';

const TOKEN = 'a-token';
const VISIT_MS = 110_000;

/**
 * Runs a program that contains `consumer/visit-servers.mjs`, beside servers of every kind, and expects that it reached
 * each of them, knew what happened, and left nothing behind.
 */
export async function expectGoodVisit(command: string, args: readonly string[], cwd: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'plenum-visit-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ledger = join(folder, 'ledger.jsonl');
  const { servers, counters } = await serveAll(ledger);
  const nowhere = `${await unusedOrigin()}/mcp`;
  const { exitCode, stdout, stderr } = await run(command, args, cwd, {
    VISIT: JSON.stringify({ servers, nowhere, token: TOKEN, folder }),
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const names = Object.keys(servers);
  expect(JSON.parse(stdout)).toEqual({
    notReady: [],
    shown: true,
    answers: { ...Object.fromEntries(names.map((name) => [name, [name, 2]])), here: ['here', 0] },
    grown: names,
    died: { code: 'CONNECTION_LOST', maybeExecuted: true },
    late: Array.from({ length: 3 }, () => ({ code: 'TIMEOUT', maybeExecuted: true })),
    atTheEnd: Array.from({ length: 3 }, () => ({ code: 'SESSION_CLOSED', maybeExecuted: true })),
    nowhere: { code: 'CONNECT_FAILED' },
    served: 'through the gateway',
    stored: { kept: true },
  });
  // Started, and started anew after its end.
  expect(startedPids(ledger).length).toBeGreaterThan(1);
  expect(runningPids(ledger)).toEqual([]);
  expect(counters.proxied()).toBeGreaterThan(0);
}

/** One server of each kind, and what the specs of a URL can add. */
async function serveAll(ledgerFile: string) {
  const script = (era: 'legacy' | 'modern', more: ServerScript = {}): ServerScript => {
    const schema = { type: 'object', properties: { text: { type: 'string' } } };
    const tools: ScriptedTool[] = [
      { name: 'echo', outputSchema: schema, does: { type: 'progress', steps: 2 } },
      { name: 'hang', does: { type: 'hang' } },
      { name: 'die', does: { type: 'crash' } },
    ];
    const grown = [...tools, { name: 'grow' }, { name: 'grown' }];
    return { era, tools: [...tools, { name: 'grow', does: { type: 'setTools', tools: grown } }], ...more };
  };
  const proxy = await forwardProxy();
  const json = await http(script('legacy'), { answers: 'json' });
  const socket = await serveWebSocket(script('legacy'));
  const old = await serveSse(script('legacy'));
  onTestFinished(() => socket.close());
  onTestFinished(() => old.close());
  const inner = new URL((await http(script('modern'), { answers: 'json' })).url);
  const secure = new URL(inner.pathname, await tlsFront(inner, { asksForIdentity: true }));
  const servers = {
    stdio: stdioSpec(script('modern', { ledgerFile })),
    json: { url: json.url },
    modernJson: { url: (await http(script('modern'), { answers: 'json' })).url },
    events: { url: (await http(script('legacy'), { answers: 'sse' })).url },
    modernEvents: { url: (await http(script('modern'), { answers: 'sse' })).url },
    oldEvents: { url: old.url },
    socket: { url: socket.url },
    guarded: { url: (await http(script('modern'), { token: TOKEN })).url },
    proxied: { url: (await http(script('modern'))).url, proxy: proxy.url },
    secure: { url: secure.href, tls: { ca: authority, ...clientIdentity } },
  };
  return { servers, counters: { proxied: () => proxy.asked.length } };
}

interface Ended {
  readonly exitCode: number | string | null | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  variables: Record<string, string>,
): Promise<Ended> {
  const env = { ...process.env, NO_COLOR: '1', ...variables };
  return new Promise((resolve) => {
    execFile(command, args, { cwd, env, timeout: VISIT_MS }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : (error.code ?? error.signal), stdout, stderr }),
    );
  });
}
