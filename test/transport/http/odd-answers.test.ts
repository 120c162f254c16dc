import type { Socket } from 'node:net';
import { array, assert, asyncProperty, constantFrom, nat, record } from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession, SessionGroup } from '../../../src/index.ts';
import type { RpcMessage } from '../support/mcp-stub.ts';
import { failureOf } from '../../support/failures.ts';
import { head, httpChunk, messageIn, resultOf, serveRaw, type RawServer } from '../support/raw-http.ts';

/** Writes the answer to a request, given as its JSON text. */
type Write = (json: string, socket: Socket) => void;

function resultFor(message: RpcMessage): unknown {
  if (message.method === 'initialize')
    return {
      protocolVersion: '2025-06-18',
      capabilities: { tools: {} },
      serverInfo: { name: 'odd', version: '1' },
    };
  if (message.method === 'tools/list') return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
  return { content: [{ type: 'text', text: 'žluťoučký 🐎' }] };
}

/** A server of the stateful era that answers every request in this way: the official transport's, and the lean ones. */
function serveOdd(write: Write): Promise<RawServer> {
  return serveRaw((request, socket) => {
    if (request.method !== 'POST') return void socket.write(head(405, { 'content-length': '0' }));
    const message = messageIn(request.body);
    if (message.id === undefined) return void socket.write(head(202, { 'content-length': '0' }));
    if (message.method === 'server/discover') {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: message.id,
        error: { code: -32_601, message: 'no' },
      });
      return void socket.write(
        head(200, { 'content-type': 'application/json', 'content-length': String(body.length) }) + body,
      );
    }
    write(resultOf(message, resultFor(message)), socket);
  });
}

async function expectServed(server: RawServer): Promise<void> {
  const session = await openSession(
    { url: server.url, type: 'http' },
    { reconnect: false, timeoutMs: 20_000 },
  );
  try {
    expect((await session.listTools()).tools.map(({ name }) => name)).toEqual(['echo']);
    const { content } = await session.callTool('echo');
    expect(content).toEqual([{ type: 'text', text: 'žluťoučký 🐎' }]);
  } finally {
    await session.close();
  }
}

/** A body with these lines of headers and its length. */
function whole(lines: string, body: string): string {
  return `HTTP/1.1 200 OK\r\n${lines}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const jsonAs = (lines: string) => (json: string, socket: Socket) => void socket.write(whole(lines, json));
const eventsAs = (lines: string, body: (json: string) => string) => (json: string, socket: Socket) =>
  void socket.write(whole(lines, body(json)));
const EVENTS = 'Content-Type: text/event-stream\r\n';
const event = (json: string): string => `data: ${json}\n\n`;

describe('R15 an answer whose type is odd', () => {
  it.each<[string, Write]>([
    ['twice', jsonAs('content-type: application/json\r\ncontent-type: application/json\r\n')],
    [
      'twice, in two spellings',
      jsonAs('Content-Type: application/json\r\ncontent-type: Application/JSON; charset=utf-8\r\n'),
    ],
    ['twice in one header', jsonAs('content-type: application/json, application/json\r\n')],
    [
      'three times',
      jsonAs('content-type: application/json,application/json;charset=utf-8,application/json\r\n'),
    ],
    ['with another one', jsonAs('content-type: text/html\r\ncontent-type: application/json\r\n')],
    ['both that there are, with JSON', jsonAs('content-type: application/json, text/event-stream\r\n')],
    [
      'both that there are, with events',
      eventsAs('content-type: application/json, text/event-stream\r\n', event),
    ],
    ['in capitals', jsonAs('CONTENT-TYPE: APPLICATION/JSON\r\n')],
    ['with odd parameters', jsonAs('content-type: application/json;;charset=;x="a, text/html";=\r\n')],
    ['with a parameter that no semicolon parts', jsonAs('content-type: application/json charset=utf-8\r\n')],
    ['in quotes', jsonAs('content-type: "application/json"\r\n')],
    ['missing, with JSON', jsonAs('')],
    ['empty, with JSON', jsonAs('content-type:\r\n')],
    [
      'missing, with JSON after blanks and a byte order mark',
      (json, socket) => void socket.write(whole('', `\uFEFF \r\n${json}\n`)),
    ],
    ['missing, with events', eventsAs('', event)],
    [
      'missing, with a comment and events',
      eventsAs('', (json) => `: hello\n\nevent: message\n${event(json)}`),
    ],
    ['missing, with an event that has an id', eventsAs('', (json) => `id: 1\n${event(json)}`)],
    ['text/plain, with JSON', jsonAs('content-type: text/plain; charset=utf-8\r\n')],
    ['text/html, with JSON', jsonAs('content-type: text/html\r\n')],
    ['application/vnd.api+json', jsonAs('content-type: application/vnd.api+json\r\n')],
    ['application/octet-stream, with events', eventsAs('content-type: application/octet-stream\r\n', event)],
    ['JSON, with events', eventsAs('content-type: application/json\r\n', event)],
    ['an event stream, with JSON', jsonAs(EVENTS)],
    ['an event stream, twice', eventsAs(`${EVENTS}${EVENTS}`, event)],
    [
      'an event stream, twice in one header',
      eventsAs('content-type: text/event-stream, text/event-stream\r\n', event),
    ],
    [
      'an event stream, in capitals with odd parameters',
      eventsAs('content-type: TEXT/Event-Stream;charset\r\n', event),
    ],
  ])('%s', async (_what, write) => {
    await expectServed(await serveOdd(write));
  });

  it('a session id that is named twice is one id', async () => {
    const ids = new Set<string | undefined>();
    const server = await serveOdd(
      jsonAs('content-type: application/json\r\nmcp-session-id: abc\r\nmcp-session-id: abc\r\n'),
    );
    await expectServed(server);
    for (const { headers, body } of server.seen)
      if (body.includes('tools/')) ids.add(headers.get('mcp-session-id'));
    expect([...ids]).toEqual(['abc']);
  });

  it('a web page is no answer, and the other servers of the group notice nothing', async () => {
    const page = await serveOdd(
      (_json, socket) => void socket.write(whole('content-type: text/html\r\n', '<html>{}</html>')),
    );
    const fine = await serveOdd(jsonAs('content-type: application/json\r\n'));
    const group = await SessionGroup.connect({
      servers: { page: { url: page.url, type: 'http' }, fine: { url: fine.url, type: 'http' } },
    });
    onTestFinished(() => group.close());
    expect(group.servers.get('page')?.error).toMatchObject({ code: 'CONNECT_FAILED' });
    expect((await group.callTool('fine__echo')).content).toHaveLength(1);
  });
});

describe('R15 what is odd about an answer over HTTP', () => {
  const ODD: [string, string, Write][] = [
    [
      'a repeated type',
      'content-type',
      jsonAs('content-type: application/json\r\ncontent-type: application/json\r\n'),
    ],
    ['a type twice in one', 'content-type', jsonAs('content-type: application/json, application/json\r\n')],
    ['no type', 'content-type', jsonAs('')],
    ['a wrong type', 'content-type', jsonAs('content-type: text/html\r\n')],
    ['a stream twice', 'content-type', eventsAs(`${EVENTS}${EVENTS}`, event)],
    ['no blank line', 'end-of-stream', eventsAs(EVENTS, (json) => `data: ${json}\n`)],
    ['no line end', 'end-of-stream', eventsAs(EVENTS, (json) => `data: ${json}`)],
    ['JSON in a stream', 'end-of-stream', jsonAs(EVENTS)],
  ];
  const FINE: [string, Write][] = [
    ['JSON', jsonAs('content-type: application/json\r\n')],
    ['JSON with a charset', jsonAs('content-type: application/json;charset=utf-8\r\n')],
    ['events', eventsAs('content-type: text/event-stream; charset=utf-8\r\n', event)],
    ['events in CR', eventsAs(EVENTS, (json) => `data: ${json}\r\r`)],
    ['events in CRLF', eventsAs(EVENTS, (json) => `data: ${json}\r\n\r\n`)],
  ];
  const WAYS = { lean: {}, official: { fetch: (url: string | URL, init?: RequestInit) => fetch(url, init) } };
  const opened = async (server: RawServer, way: object, checks: 'lenient' | 'strict') => {
    const found: unknown[] = [];
    const session = await openSession(
      { url: server.url, type: 'http', ...way },
      {
        reconnect: false,
        protocol: 'legacy',
        timeoutMs: 20_000,
        checks,
        onEvent: (told) =>
          told.type === 'problem' && found.push(told.error.data && Reflect.get(told.error.data, 'oddity')),
      },
    );
    onTestFinished(() => session.close());
    return { session, found };
  };

  describe.each(Object.entries(WAYS))('the %s way', (_way, way) => {
    it.each(ODD)('%s: is reported once', async (_what, oddity, write) => {
      const { session, found } = await opened(await serveOdd(write), way, 'lenient');
      for (let call = 0; call < 3; call++) expect((await session.callTool('echo')).content).toHaveLength(1);
      expect(found).toEqual([oddity]);
    });

    it.each(ODD)('%s: is an error when checks are strict', async (_what, _oddity, write) => {
      let isOdd = false;
      const right = jsonAs('content-type: application/json\r\n');
      const server = await serveOdd((json, socket) => (isOdd ? write : right)(json, socket));
      const { session, found } = await opened(server, way, 'strict');
      isOdd = true;
      const error = await failureOf(session.callTool('echo'));
      expect(['INVALID_RESULT', 'CONNECTION_LOST', 'PROTOCOL']).toContain(error.code);
      expect(found).not.toContain('content-type');
      isOdd = false;
      expect((await session.callTool('echo')).content).toHaveLength(1);
    });

    it.each(FINE)('%s: is not odd, also when checks are strict', async (_what, write) => {
      for (const checks of ['lenient', 'strict'] as const) {
        const { session, found } = await opened(await serveOdd(write), way, checks);
        expect((await session.callTool('echo')).content).toHaveLength(1);
        expect(found).toEqual([]);
      }
    });
  });
});

describe('R15 an answer before the answer', () => {
  const answer = (json: string): string => whole('content-type: application/json\r\n', json);
  it.each<[string, string]>([
    ['100 Continue', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['100 of HTTP 1.0', 'HTTP/1.0 100 Continue\r\n\r\n'],
    ['100 without words', 'HTTP/1.1 100\r\n\r\n'],
    ['100 with headers', 'HTTP/1.1 100 Continue\r\nDate: now\r\nX: y\r\n\r\n'],
    ['100, three times', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(3)],
    ['100, then 103', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
    ['102', 'HTTP/1.1 102 Processing\r\n\r\n'],
    ['103', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'],
  ])('%s, at once, apart and byte by byte', async (_what, before) => {
    await expectServed(await serveOdd((json, socket) => void socket.write(before + answer(json))));
    await expectServed(
      await serveOdd((json, socket) => {
        socket.write(before);
        setTimeout(() => socket.write(answer(json)), 20);
      }),
    );
    await expectServed(
      await serveOdd((json, socket) => {
        const bytes = [...Buffer.from(before)];
        const next = (): void => {
          const byte = bytes.shift();
          if (byte === undefined) return void socket.write(answer(json));
          socket.write(Buffer.of(byte));
          setImmediate(next);
        };
        next();
      }),
    );
  });

  it('a body that begins as a 100 does keeps what it has', async () => {
    const text = 'HTTP/1.1 100 Continue\\r\\n\\r\\nH';
    await expectServed(
      await serveOdd((json, socket) => {
        const body = json.replace('"jsonrpc"', `"_":"","jsonrpc"`).replace('"_":"",', '');
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n`);
        setTimeout(() => socket.write(`: `), 5);
        setTimeout(() => socket.write(`HTTP/1.1 100 ${text}`), 10);
        setTimeout(() => socket.write('H'), 15);
        setTimeout(() => socket.end(`\n\n${event(body)}`), 25);
      }),
    );
  });
});

describe('R15 an event stream whose lines are odd', () => {
  it('in any ends, order and pieces', async () => {
    const line = constantFrom(
      ': note',
      ':',
      'event: message',
      'event:message',
      'data',
      'data:',
      'unknown',
      'unknown: x',
      'retry: x1',
    );
    const shape = record({
      eols: array(constantFrom('\n', '\r\n', '\r'), { minLength: 1, maxLength: 5 }),
      before: array(array(line, { maxLength: 3 }), { maxLength: 3 }),
      space: constantFrom('', ' '),
      mark: constantFrom('', '\uFEFF'),
      last: constantFrom('blank', 'line', 'nothing'),
      cuts: array(nat(400), { maxLength: 6 }),
      plain: constantFrom(true, false),
    });
    let given: ReturnType<typeof bodyOf> | undefined;
    const bodyOf = (json: string, pieces: readonly string[], eols: readonly string[]) => {
      let at = 0;
      return [...pieces, `data:${json}`].map((text) => `${text}${eols[at++ % eols.length] ?? ''}`);
    };
    let write: Write = () => {};
    const server = await serveOdd((json, socket) => write(json, socket));
    await assert(
      asyncProperty(shape, async ({ eols, before, space, mark, last, cuts, plain }) => {
        write = (json, socket) => {
          const pieces = before.flatMap((lines) => [...lines, '']);
          given = bodyOf(space + json, pieces, eols);
          const ended = { blank: '\n\n', line: '', nothing: '' }[last];
          let body = mark + given.join('') + ended;
          if (last === 'nothing') body = body.replace(/[\r\n]+$/, '');
          const bytes = Buffer.from(body);
          socket.write(
            `HTTP/1.1 200 OK\r\n${plain ? EVENTS : 'content-type: text/event-stream;charset=utf-8\r\n'}transfer-encoding: chunked\r\n\r\n`,
          );
          const ends = [
            ...new Set([...cuts.filter((cut) => cut > 0 && cut < bytes.length), bytes.length]),
          ].toSorted((a, b) => a - b);
          let start = 0;
          const next = (): void => {
            const end = ends.shift();
            if (end === undefined) return void socket.write(httpChunk(''));
            socket.write(httpChunk(bytes.subarray(start, end)));
            start = end;
            setImmediate(next);
          };
          next();
        };
        await expectServed(server);
      }),
      { numRuns: 60 },
    );
  });

  it('an open stream whose last event ends in CR is read before more comes', async () => {
    await expectServed(
      await serveOdd((json, socket) => {
        socket.write(
          `HTTP/1.1 200 OK\r\n${EVENTS}connection: close\r\n\r\nevent: message\rdata: ${json}\r\r`,
        );
      }),
    );
  });
});
