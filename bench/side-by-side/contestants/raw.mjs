// The limit: JSON written to a pipe, or sent through a pool, and the answer parsed. Nothing is checked.
import { spawn } from 'node:child_process';
import { Pool } from 'undici';
import { createLineSplitter } from '../servers/lines.mjs';

const HANDSHAKE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'raw', version: '1.0.0' },
};
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': HANDSHAKE.clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** @type {import('../types.d.ts').Contestant['open']} */
export async function open(servers, onReady) {
  const wires = new Map();
  const catalog = new Map();
  await Promise.all(
    servers.map(async (server) => {
      const wire = connect(server);
      wires.set(server.name, wire);
      if (server.era !== 'modern') {
        await wire.request('initialize', HANDSHAKE);
        await wire.notify('notifications/initialized');
      }
      const { tools } = await wire.request('tools/list', {});
      for (const tool of tools) catalog.set(`${server.name}_${tool.name}`, tool);
      onReady(server.name);
    }),
  );
  return {
    bind(server, name) {
      const wire = wires.get(server);
      return (args) => wire.request('tools/call', { name, arguments: args });
    },
    exposed: (server, tool) => `${server}_${tool}`,
    lookup: (name) => catalog.get(name),
    close: () => Promise.all([...wires.values()].map((wire) => wire.close())),
  };
}

function connect(server) {
  if (server.command !== undefined) return pipe(server);
  if (server.url !== undefined) return pool(server);
  throw new Error('has no servers in its own process');
}

/** Lines of one turn are written at once. */
function pipe({ command, args, era }) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting = new Map();
  let nextId = 0;
  let lines = '';
  child.stdout.on(
    'data',
    createLineSplitter((line) => {
      const { id, result } = JSON.parse(line.toString());
      waiting.get(id)(result);
      waiting.delete(id);
    }),
  );
  const flush = () => {
    child.stdin.write(lines);
    lines = '';
  };
  const send = (message) => {
    if (lines === '') queueMicrotask(flush);
    lines += `${JSON.stringify(message)}\n`;
  };
  return {
    request(method, params) {
      const id = nextId++;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        send({
          jsonrpc: '2.0',
          id,
          method,
          params: era === 'modern' ? { ...params, _meta: ENVELOPE } : params,
        });
      });
    },
    notify: (method) => send({ jsonrpc: '2.0', method }),
    close: () => child.stdin.end(),
  };
}

function pool({ url, era }) {
  const { origin, pathname } = new URL(url);
  const connections = new Pool(origin);
  const modern = era === 'modern';
  let nextId = 0;
  const post = async (message, method, name) => {
    const { body, headers } = await connections.request({
      path: pathname,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': modern ? '2026-07-28' : '2025-11-25',
        ...(modern && { 'mcp-method': method, ...(name !== undefined && { 'mcp-name': name }) }),
      },
      body: JSON.stringify(message),
    });
    const text = await body.text();
    return headers['content-type'] === 'text/event-stream' ? dataOf(text) : text;
  };
  return {
    async request(method, params) {
      const stamped = modern ? { ...params, _meta: ENVELOPE } : params;
      const text = await post({ jsonrpc: '2.0', id: nextId++, method, params: stamped }, method, params.name);
      return JSON.parse(text).result;
    },
    notify: (method) => post({ jsonrpc: '2.0', method }, method),
    close: () => connections.close(),
  };
}

function dataOf(text) {
  const start = text.indexOf('data: ') + 'data: '.length;
  return text.slice(start, text.indexOf('\n', start));
}
