import { writeFileSync } from 'node:fs';
import { onTestFinished } from 'vitest';
import type { GroupServerSpec } from '../../../src/index.ts';
import {
  inProcess,
  serveHttp,
  serveWebSocket,
  stdioSpec,
  type ScriptedServer,
  type ServerScript,
} from '../../../src/testing/index.ts';
import { startedPids } from '../../support/processes.ts';
import { ledgerFile } from '../../support/folders.ts';

/** A server that can end and come back as another one. */
export interface Revenant {
  readonly spec: GroupServerSpec;
  /** Ends the server without a word; what comes next follows this script. */
  comeBackAs(script: ServerScript): Promise<void>;
}

async function childProcess(script: ServerScript): Promise<Revenant> {
  const ledger = ledgerFile();
  const scriptFile = `${ledger}.json`;
  const write = (next: ServerScript): void =>
    writeFileSync(scriptFile, JSON.stringify({ ...next, ledgerFile: ledger }));
  write(script);
  return {
    spec: stdioSpec({ scriptFile }),
    async comeBackAs(next) {
      write(next);
      const pid = startedPids(ledger).at(-1);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
  };
}

async function thisProcess(script: ServerScript): Promise<Revenant> {
  let server = inProcess(script);
  onTestFinished(() => server.close());
  return {
    spec: { server: { connect: (transport) => server.connect(transport), close: () => server.close() } },
    async comeBackAs(next) {
      const last = server;
      server = inProcess(next);
      last.crash();
      await last.close();
    },
  };
}

/** The next life of a server behind a URL begins on the same port. */
async function remote<S extends ScriptedServer & { readonly url: string; readonly port: number }>(
  serve: (script: ServerScript, options: { port?: number }) => Promise<S>,
  script: ServerScript,
): Promise<Revenant> {
  let server = await serve(script, {});
  onTestFinished(() => server.close());
  return {
    spec: { url: server.url },
    async comeBackAs(next) {
      const { port } = server;
      server.crash();
      await server.close();
      server = await serve(next, { port });
    },
  };
}

/** The places where a server can come back as another one, by name. */
export const REVENANTS: Record<string, (script: ServerScript) => Promise<Revenant>> = {
  'a child process': childProcess,
  'this process': thisProcess,
  'HTTP with JSON answers': (script) => remote(serveHttp, script),
  'HTTP with event streams': (script) =>
    remote((each, options) => serveHttp(each, { ...options, answers: 'sse' }), script),
  WebSocket: (script) => remote(serveWebSocket, script),
};

/** Delays that a test can wait for. */
export const QUICK = { delayMs: 20, maxDelayMs: 100 };
