// A client that calls through a gateway and looks at little: `node load.mjs`, told by its parent what to call.
import { Agent, request } from 'node:http';

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'load', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const HANDSHAKE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'load', version: '1.0.0' },
};
const agent = new Agent({ keepAlive: true });
/** @type {{ call: (text: string) => Promise<void> } | undefined} */
let opened;
let nextId = 1;

const TASKS = {
  async open({ url, era, isSse, tool }) {
    opened = await (isSse
      ? openStream(url, tool)
      : era === 'modern'
        ? openModern(url, tool)
        : openSession(url, tool));
    await opened.call('first');
  },
  /** More sessions, which are left as they are once each has been used. */
  async leave({ url, isSse, tool, count }) {
    for (let at = 0; at < count; at += 10)
      await Promise.all(
        Array.from({ length: Math.min(10, count - at) }, async () => {
          const { call } = await (isSse ? openStream(url, tool) : openSession(url, tool));
          await call('once');
        }),
      );
  },
  /** Calls for so many milliseconds, or so many times. */
  async call({ concurrency, ms = Infinity, calls = Infinity, text }) {
    const startedAt = performance.now();
    let count = 0;
    const callAgain = async () => {
      for (; performance.now() - startedAt < ms && count < calls; count++) await opened?.call(text);
    };
    await Promise.all(Array.from({ length: concurrency }, callAgain));
    return { count, wall: ((performance.now() - startedAt) * 1_000) / count };
  },
};

process.on('message', ({ task, ...details }) => void answer(task, details));
process.once('disconnect', () => process.exit());

async function answer(task, details) {
  try {
    process.send?.({ value: await TASKS[task](details) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
}

function send(url, headers, message) {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ headers: response.headers, status: response.statusCode, text }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify({ jsonrpc: '2.0', ...message }));
  });
}

function expectResult({ status, text }) {
  if (!text.includes('"result"') || text.includes('"isError":true'))
    throw new Error(`answers ${status}: ${text.slice(0, 200)}`);
}

const TYPES = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

async function openSession(url, tool) {
  const answer = await send(url, TYPES, { id: 0, method: 'initialize', params: HANDSHAKE });
  expectResult(answer);
  const id = answer.headers['mcp-session-id'];
  const headers = {
    ...TYPES,
    'mcp-protocol-version': HANDSHAKE.protocolVersion,
    ...(id !== undefined && { 'mcp-session-id': id }),
  };
  await send(url, headers, { method: 'notifications/initialized' });
  return {
    call: async (text) => {
      const params = { name: tool, arguments: { text } };
      expectResult(await send(url, headers, { id: nextId++, method: 'tools/call', params }));
    },
  };
}

function openModern(url, tool) {
  const headers = {
    ...TYPES,
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': tool,
  };
  return {
    call: async (text) => {
      const params = { name: tool, arguments: { text }, _meta: ENVELOPE };
      expectResult(await send(url, headers, { id: nextId++, method: 'tools/call', params }));
    },
  };
}

/** One stream for all answers. */
async function openStream(url, tool) {
  const waiting = new Map();
  let endpoint = (_path) => {};
  const place = new Promise((resolve) => (endpoint = resolve));
  await new Promise((resolve, reject) => {
    const stream = request(url, { headers: { accept: 'text/event-stream' } }, (response) => {
      let rest = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        const events = `${rest}${chunk}`.split(/\r?\n\r?\n/);
        rest = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? '';
          if (event.includes('event: endpoint')) endpoint(data);
          else if (data.startsWith('{')) waiting.get(JSON.parse(data).id)?.({ status: 200, text: data });
        }
      });
      resolve(undefined);
    });
    stream.on('error', reject);
    stream.end();
  });
  const target = new URL(await place, url).href;
  const ask = async (method, params) => {
    const id = nextId++;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    await send(target, TYPES, { id, method, params });
    expectResult(await answered);
    waiting.delete(id);
  };
  await ask('initialize', HANDSHAKE);
  await send(target, TYPES, { method: 'notifications/initialized' });
  return { call: (text) => ask('tools/call', { name: tool, arguments: { text } }) };
}
