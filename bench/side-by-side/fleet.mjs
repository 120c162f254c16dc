import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const STDIO_SERVER = fileURLToPath(new URL('./servers/stdio-server.mjs', import.meta.url));
const HTTP_SERVER = new URL('./servers/http-server.mjs', import.meta.url);

/**
 * Descriptions of stdio servers; each contestant starts its own.
 * @param {number} count
 * @param {{ tools?: number, startMs?: number, hung?: string[], era?: 'legacy' | 'modern' }} options
 */
export function stdioServers(count, { tools = 10, startMs = 0, hung = [], era = 'legacy' } = {}) {
  return Array.from({ length: count }, (_, index) => ({
    name: `s${index}`,
    command: process.execPath,
    args: [STDIO_SERVER, String(tools), hung.includes(`s${index}`) ? 'hung' : String(startMs), era],
    era,
  }));
}

/** Descriptions of servers in a contestant's own process. */
export function inProcessServers(count, { tools = 10, prefix = 's' } = {}) {
  return Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}`, tools }));
}

/** Many HTTP servers in one process, which all contestants share. */
export class HttpFleet {
  #child;
  #ports;

  static async start(count) {
    const child = fork(HTTP_SERVER, [String(count)]);
    const [{ ports }] = await once(child, 'message');
    return new HttpFleet(child, ports);
  }

  constructor(child, ports) {
    this.#child = child;
    this.#ports = ports;
  }

  servers({ era = 'legacy', answers = 'json', tools = 10, prefix = 's' } = {}) {
    return this.#ports.map((port, index) => ({
      name: `${prefix}${index}`,
      url: `http://127.0.0.1:${port}/${era}/${answers}/${tools}`,
      era,
    }));
  }

  close() {
    this.#child.disconnect();
  }
}
