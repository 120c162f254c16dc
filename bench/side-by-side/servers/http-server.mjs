// Many Streamable HTTP servers in one process, one for each port. Sends their ports to its parent.
// Paths: /<legacy|modern>/<json|sse>/<tools>. The HTTP is written by hand: node:http would cost more than what is measured.
import { createServer as listenTcp } from 'node:net';
import { createServer } from './answer.mjs';

const [ports = '1'] = process.argv.slice(2);
const servers = new Map();

const listening = Array.from({ length: Number(ports) }, listen);
process.send?.({ ports: await Promise.all(listening) });
process.once('disconnect', () => process.exit());

function listen() {
  return new Promise((resolve) => {
    const server = listenTcp({ noDelay: true }, serve).listen(0, '127.0.0.1', () => resolve(portOf(server)));
  });
}

/** @param {import('node:net').Server} server */
function portOf(server) {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It does not listen on a port.');
  return address.port;
}

function serve(socket) {
  let pieces = [];
  let size = 0;
  let wanted = 0;
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pieces.push(chunk);
    size += chunk.length;
    if (size < wanted) return;
    let bytes = pieces.length === 1 ? chunk : Buffer.concat(pieces);
    for (;;) {
      const request = readRequest(bytes);
      wanted = request.end;
      if (request.head === undefined || bytes.length < request.end) break;
      socket.write(respond(request.head, bytes.subarray(request.head.bodyStart, request.end)));
      bytes = bytes.subarray(request.end);
      if (bytes.length === 0) break;
    }
    pieces = bytes.length === 0 ? [] : [bytes];
    size = bytes.length;
    if (size === 0) wanted = 0;
  });
}

/**
 * The request at the start of these bytes; its `end` lies beyond them as long as it is not all there.
 * @returns {{ head?: { method: string, path: string, bodyStart: number }, end: number }}
 */
function readRequest(bytes) {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return { end: bytes.length + 1 };
  const head = bytes.latin1Slice(0, headEnd);
  const [method = '', path = ''] = head.split(' ', 2);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0;
  const bodyStart = headEnd + 4;
  return { head: { method, path, bodyStart }, end: bodyStart + Number(length) };
}

function respond({ method, path }, body) {
  if (method === 'DELETE') return EMPTY_OK;
  if (method !== 'POST') return NOT_ALLOWED;
  const answer = serverAt(path).answer(body);
  if (answer === undefined) return ACCEPTED;
  if (answer.subarray(0, 100).includes('"error":{')) return framed('400 Bad Request', JSON_TYPE, answer);
  return path.includes('/sse/') ? streamed(answer) : framed('200 OK', JSON_TYPE, answer);
}

function serverAt(path) {
  let server = servers.get(path);
  if (server === undefined) {
    const [, era, , count] = path.split('/');
    server = createServer({ era, count: Number(count) });
    servers.set(path, server);
  }
  return server;
}

const EMPTY_OK = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
const ACCEPTED = Buffer.from('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
const NOT_ALLOWED = Buffer.from('HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n');
const JSON_TYPE = 'application/json';

function framed(status, type, body) {
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`),
    body,
  ]);
}

const STREAM_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n';
const EVENT_HEAD = 'event: message\ndata: ';

function streamed(body) {
  const size = (EVENT_HEAD.length + body.length + 2).toString(16);
  return Buffer.concat([
    Buffer.from(`${STREAM_HEAD}Transfer-Encoding: chunked\r\n\r\n${size}\r\n${EVENT_HEAD}`),
    body,
    Buffer.from('\n\n\r\n0\r\n\r\n'),
  ]);
}
