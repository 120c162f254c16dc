/**
 * What every scripted server says. Bytes in, bytes out: a small message is parsed, the text of a large one is echoed as it
 * is, so that the server's share of a call stays small.
 */
const LARGE = 4_096;
const EDGE = 512;
const VERSION = '2026-07-28';
const serverInfo = { name: 'bench', version: '1.0.0' };

const inputSchema = { type: 'object', properties: { text: { type: 'string' } } };
const outputSchema = {
  type: 'object',
  properties: {
    city: { type: 'string' },
    hours: { type: 'array', items: { type: 'object', properties: hour(), required: ['at', 'celsius'] } },
  },
  required: ['city', 'hours'],
};
const forecast = {
  city: 'Vienna',
  hours: Array.from({ length: 12 }, (_, at) => ({ at, celsius: 20 + at / 10, rain: false })),
};
const KNOWN = [
  { name: 'echo', description: 'Gives back its text.', inputSchema },
  { name: 'forecast', description: 'Structured output that fits its schema.', inputSchema, outputSchema },
  { name: 'misforecast', description: 'Structured output that does not.', inputSchema, outputSchema },
  { name: 'cpu', description: 'CPU time of this server so far, in microseconds.', inputSchema },
];

/** A server with `count` tools, of one era. `answer` gives the answer's bytes, or undefined to a notification. */
export function createServer({ era = 'legacy', count = 10 } = {}) {
  const modern = era === 'modern';
  const stamp = modern
    ? { resultType: 'complete', _meta: { 'io.modelcontextprotocol/serverInfo': serverInfo } }
    : {};
  const cacheable = modern ? { ...stamp, ttlMs: 0, cacheScope: 'private' } : {};
  const tail = modern ? `,${JSON.stringify(stamp).slice(1)}}` : '}}';
  const fixed = (result) => JSON.stringify({ ...result, ...stamp });
  const structured = (structuredContent) =>
    fixed({ content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent });

  const tools = lazily(() => JSON.stringify({ tools: toolList(count), ...cacheable }));
  const forecasts = lazily(() => structured(forecast));
  const misforecasts = lazily(() => structured({ city: 7, hours: 'none' }));
  const calls = {
    echo: (args) =>
      `{"content":[{"type":"text","text":${JSON.stringify(args?.text ?? '')}}]${tail.slice(0, -1)}`,
    forecast: forecasts,
    misforecast: misforecasts,
    cpu: () => fixed({ content: [{ type: 'text', text: `cpu=${cpuTime()}` }] }),
  };
  const methods = {
    'tools/call': ({ name, arguments: args }) => (calls[name] ?? calls.echo)(args),
    'tools/list': tools,
    ping: () => fixed({}),
    ...(modern
      ? {
          'server/discover': () =>
            JSON.stringify({
              supportedVersions: [VERSION],
              capabilities: { tools: {} },
              serverInfo,
              ...cacheable,
            }),
        }
      : {
          initialize: ({ protocolVersion }) =>
            JSON.stringify({
              protocolVersion: protocolVersion >= VERSION ? '2025-11-25' : protocolVersion,
              capabilities: { tools: {} },
              serverInfo,
            }),
        }),
  };

  return {
    answer(bytes) {
      if (bytes.length > LARGE) return echoLarge(bytes, tail);
      const { id, method, params } = JSON.parse(bytes.toString());
      if (id === undefined) return undefined;
      const run = methods[method];
      const outcome =
        run === undefined
          ? '"error":{"code":-32601,"message":"Method not found"}'
          : `"result":${run(params ?? {})}`;
      return Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}}`);
    },
  };
}

/** Answers a large `tools/call` of `echo` without reading its text: ASCII with nothing to escape. */
function echoLarge(bytes, tail) {
  const start = bytes.indexOf('"text":"') + '"text":"'.length;
  const end = bytes.indexOf('"', start);
  const frame =
    bytes.latin1Slice(0, Math.min(start, EDGE)) + bytes.latin1Slice(Math.max(end, bytes.length - EDGE));
  const id = /"id":(\d+|"[^"]*")/.exec(frame)?.[1];
  return Buffer.concat([
    Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`),
    bytes.subarray(start, end),
    Buffer.from(`"}]${tail}`),
  ]);
}

export function toolList(count) {
  const others = Array.from({ length: Math.max(0, count - KNOWN.length) }, (_, index) => ({
    name: `tool_${index}`,
    description: `Does thing ${index}, at length and with care, for whoever asks.`,
    inputSchema,
  }));
  return [...KNOWN, ...others].slice(0, Math.max(count, 1));
}

function hour() {
  return {
    at: { type: 'integer', minimum: 0, maximum: 23 },
    celsius: { type: 'number' },
    rain: { type: 'boolean' },
  };
}

function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function lazily(make) {
  let made;
  return () => (made ??= make());
}
