import { fileURLToPath } from 'node:url';

const own = (path) => fileURLToPath(new URL(path, import.meta.url));
const bin = (path) => own(`node_modules/${path}`);

/** The server that all gateways have behind them: it answers by the bytes, so that it costs next to nothing. */
const SERVER = [process.execPath, own('../side-by-side/servers/stdio-server.mjs'), '1'];
const [command, ...args] = SERVER;

const mcpServers = (more = {}) => ({ mcpServers: { s: { command, args, ...more } } });

/**
 * Who takes part. `programs` gives what is started, the listening program last, each with the arguments of `node`; `config` is
 * written to the file that they are given. `session` says how many sessions are opened to see what one weighs.
 * @type {import('./types.d.ts').GatewayContestant[]}
 */
export const CONTESTANTS = [
  {
    name: 'http',
    title: 'bare node:http',
    programs: ({ port }) => [[own('floor.mjs'), 'http', String(port)]],
  },
  {
    name: 'plenum',
    title: 'Plenum',
    eras: ['legacy', 'modern'],
    config: mcpServers(),
    programs: ({ port, file }) => [
      [own('../../dist/cli/main.js'), 'serve', '--port', String(port), '--config', file],
    ],
    tool: 's__echo',
    sessions: 500,
  },
  {
    name: 'mcp-proxy',
    title: 'mcp-proxy',
    peer: true,
    eras: ['legacy', 'modern'],
    programs: ({ port }) => [
      [
        bin('mcp-proxy/dist/bin/mcp-proxy.mjs'),
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--',
        ...SERVER,
      ],
    ],
    sessions: 500,
  },
  {
    name: 'supergateway',
    title: 'supergateway',
    peer: true,
    eras: ['legacy'],
    programs: ({ port }) => [
      [
        bin('supergateway/dist/index.js'),
        '--stdio',
        SERVER.join(' '),
        '--outputTransport=streamableHttp',
        '--stateful',
        `--port=${port}`,
        '--logLevel=none',
      ],
    ],
    // Each has a process of its own.
    sessions: 10,
  },
  {
    name: 'mcp-hub',
    title: 'mcp-hub',
    peer: true,
    eras: ['legacy'],
    isSse: true,
    config: mcpServers(),
    programs: ({ port, file }) => [[bin('mcp-hub/dist/cli.js'), '--port', String(port), '--config', file]],
    tool: 's__echo',
    sessions: 100,
  },
  {
    name: 'mcporter',
    title: 'mcporter',
    peer: true,
    eras: ['legacy', 'modern'],
    config: mcpServers({ lifecycle: 'keep-alive' }),
    programs: ({ port, file }) => [
      [bin('mcporter/dist/cli.js'), '--config', file, 'daemon', 'start', '--foreground'],
      [bin('mcporter/dist/cli.js'), '--config', file, 'serve', '--http', String(port)],
    ],
    tool: 's__echo',
    sessions: 500,
  },
];
