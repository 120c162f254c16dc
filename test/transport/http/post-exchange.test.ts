import type { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import { HttpPool } from '../../../src/transport/http/network/http-pool.ts';
import {
  PostExchange,
  StreamWatch,
  type PostListener,
  type StreamFault,
} from '../../../src/transport/http/lean-posts.ts';
import {
  chunkedStreamHead,
  eventStreamHead,
  head,
  httpChunk,
  json,
  serveRaw,
  type RawServer,
} from '../support/raw-http.ts';
import { rejectionOf } from '../../support/failures.ts';

const ANSWER = '{"jsonrpc":"2.0","id":1,"result":{"word":"žluťoučký 🐎"}}';
const answer = JSON.parse(ANSWER) as JSONRPCMessage;
const progress = (step: number): string =>
  `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":${step},"progressToken":1}}`;
const event = (data: string): string => `data: ${data}\n\n`;

class Heard implements PostListener<string> {
  readonly maxBytes: number;
  readonly silenceMs: number;
  readonly messages: JSONRPCMessage[] = [];
  readonly problems: unknown[] = [];
  readonly faults: { fault: StreamFault; error: unknown }[] = [];
  streams = 0;
  ends = 0;

  constructor(maxBytes = 1_000_000, silenceMs = Infinity) {
    this.maxBytes = maxBytes;
    this.silenceMs = silenceMs;
  }
  tooLarge(): PlenumError {
    return new PlenumError('INVALID_RESULT', 'too large');
  }
  onCookies(): void {}
  tooMany(messages: number): PlenumError {
    return new PlenumError('INVALID_RESULT', `a batch of ${messages}`);
  }
  onMessage(message: JSONRPCMessage): void {
    this.messages.push(message);
  }
  onProblem(error: unknown): void {
    this.problems.push(error);
  }
  onStream(): void {
    this.streams++;
  }
  onStreamFault(_request: string, fault: StreamFault, error: unknown): void {
    this.faults.push({ fault, error });
  }
  onStreamEnd(): void {
    this.ends++;
  }
}

function poolTo(server: RawServer): HttpPool {
  const pool = new HttpPool({ origin: server.origin, openTimeoutMs: 10_000 });
  onTestFinished(() => pool.destroy());
  return pool;
}

/** Sends one POST; what comes of it. */
function post(pool: HttpPool, server: RawServer, heard = new Heard()) {
  const streams = new StreamWatch();
  onTestFinished(() => streams.stop());
  const exchange = new PostExchange<string>(heard, 'the request', streams);
  const headers = ['content-type', 'application/json'];
  const { origin, pathname: path } = new URL(server.url);
  pool.dispatcherFor(origin).dispatch({ origin, path, method: 'POST', headers, body: '{}' }, exchange);
  // Some tests wait for it later.
  exchange.outcome.catch(() => {});
  return { exchange, heard, outcome: exchange.outcome };
}

/** One POST to a server that answers it with these bytes, and with nothing more. */
async function answered(bytes: string | Buffer, heard = new Heard()) {
  const server = await serveRaw((_request, socket) => void socket.write(bytes));
  return post(poolTo(server), server, heard);
}

async function answeredBy(respond: (socket: Socket) => void, heard = new Heard()) {
  const server = await serveRaw((_request, socket) => respond(socket));
  const pool = poolTo(server);
  return { server, pool, ...post(pool, server, heard) };
}

/** Without it, what is kept cannot be told from what was dropped. */
const collectGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Messages of an event stream that the official transport would read. */
function eventsIn(text: string): unknown[] {
  return text
    .split(/\n\r?\n/)
    .map((block) => /^data: ?(.+)$/m.exec(block)?.[1])
    .filter((data) => data !== undefined)
    .map((data): unknown => JSON.parse(data));
}

describe('T5 the usual answer to a POST', () => {
  it.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json ;x="y"',
    'application/json, application/json',
    'application/json;charset=utf-8,application/json',
    'text/plain, application/json',
    'APPLICATION/JSON;',
    ' application/json; charset=',
    'application/json charset=utf-8',
    '"application/json"',
    'application/json\r\nContent-Type: application/json; charset=utf-8',
  ])('a JSON body of the type %s', async (type) => {
    const { outcome, heard } = await answered(json(ANSWER, { 'content-type': type }));
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
    expect(heard).toMatchObject({ streams: 0, ends: 0, problems: [], faults: [] });
  });

  it('a JSON body in chunks of one byte, with a byte order mark and blanks around it', async () => {
    const bytes = Buffer.from(`\uFEFF\n ${ANSWER} \r\n`);
    const chunks = [...bytes.keys()].map((at) => httpChunk(bytes.subarray(at, at + 1)));
    const start = head(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    const { outcome, heard } = await answered(Buffer.concat([Buffer.from(start), ...chunks, httpChunk('')]));
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
  });

  it('a batch, in its order', async () => {
    const { outcome, heard } = await answered(json(`[${progress(1)},${progress(2)},${ANSWER}]`));
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([JSON.parse(progress(1)), JSON.parse(progress(2)), answer]);
  });

  it('a batch of more messages than one turn should handle is refused as a whole', async () => {
    const batch = `[${Array.from({ length: 1_000 }, (_, step) => progress(step)).join()},${ANSWER}]`;
    const { outcome, heard } = await answered(json(batch));
    expect(await rejectionOf(outcome)).toMatchObject({ message: 'a batch of 1001' });
    expect(heard.messages).toEqual([]);
  });

  it.each([100, 102, 103])('an HTTP %i before the answer is no answer', async (status) => {
    const { outcome, heard } = await answered(
      head(status, { link: '</x>; rel=preload' }) + head(status) + json(ANSWER),
    );
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
  });

  it('the end of a body without a length is the end of its connection', async () => {
    const { outcome, heard } = await answeredBy((socket) =>
      socket.end(head(200, { 'content-type': 'application/json' }) + ANSWER),
    );
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('an event stream with %s, cut at every byte', async (_kind, eol) => {
    const body = Buffer.from(
      [
        ': hello',
        '',
        'event: message',
        `data: ${progress(1)}`,
        '',
        `data:${progress(2)}`,
        '',
        `data: ${ANSWER}`,
        '',
        '',
      ].join(eol),
    );
    let at = 0;
    const server = await serveRaw((_request, socket) => {
      socket.write(chunkedStreamHead());
      if (at > 0) socket.write(httpChunk(body.subarray(0, at)));
      // A turn later, so that the pieces arrive by themselves.
      setImmediate(() => {
        if (at < body.length) socket.write(httpChunk(body.subarray(at)));
        socket.write(httpChunk(''));
      });
    });
    const pool = poolTo(server);
    for (at = 0; at <= body.length; at++) {
      const { outcome, heard } = post(pool, server);
      expect(await outcome).toBeUndefined();
      expect(heard.messages).toEqual([JSON.parse(progress(1)), JSON.parse(progress(2)), answer]);
      await expect.poll(() => heard.ends).toBe(1);
      expect(heard).toMatchObject({ streams: 1, problems: [], faults: [] });
    }
    expect(server.seen).toHaveLength(body.length + 1);
  });

  it('comments, blank lines, events of other types, data on several lines', async () => {
    const lines = ANSWER.replace(/,/g, ',\ndata: ');
    const body = `:\n\n\n\r\n\nevent: ping\ndata: {"not":"ours"}\n\ndata\n\ndata:\n\nfoo: bar\n\nevent: message\ndata: ${lines}\n\n`;
    const { outcome, heard } = await answeredBy((socket) => socket.end(eventStreamHead() + body));
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
    expect(heard.problems).toEqual([]);
  });

  it('a byte order mark before the first event, of every stream', async () => {
    const { server, pool, outcome, heard } = await answeredBy((socket) =>
      socket.end(`${eventStreamHead()}\uFEFF${event(ANSWER)}`),
    );
    expect(await outcome).toBeUndefined();
    const second = post(pool, server);
    expect(await second.outcome).toBeUndefined();
    expect([heard.messages, second.heard.messages]).toEqual([[answer], [answer]]);
  });

  describe('thousands of events at once', () => {
    const steps = Array.from({ length: 5_000 }, (_, step) => progress(step));
    const flood = [...steps, ANSWER].map(event).join('');
    const all = [...steps, ANSWER].map((each) => JSON.parse(each) as unknown);

    class Counting extends Heard {
      readonly turns = new Set<number>();
      #turn = 0;
      #next = setImmediate(() => this.#count());
      #count(): void {
        this.#turn++;
        this.#next = setImmediate(() => this.#count());
      }
      override onMessage(message: JSONRPCMessage): void {
        this.turns.add(this.#turn);
        super.onMessage(message);
      }
      stop(): void {
        clearImmediate(this.#next);
      }
    }

    it.each<[string, (socket: Socket) => void]>([
      [
        'with a length',
        (socket) =>
          void socket.write(
            `${eventStreamHead({ 'content-length': String(Buffer.byteLength(flood)) })}${flood}`,
          ),
      ],
      ['up to the end of the connection', (socket) => void socket.end(`${eventStreamHead()}${flood}`)],
      [
        'in one chunk of HTTP for each',
        (socket) =>
          void socket.end(
            chunkedStreamHead() +
              [...steps, ANSWER].map((each) => httpChunk(event(each))).join('') +
              httpChunk(''),
          ),
      ],
    ])('come in their order, in many turns of the event loop, and before the end: %s', async (_, respond) => {
      const heard = new Counting();
      const { outcome } = await answeredBy(respond, heard);
      expect(await outcome).toBeUndefined();
      await expect.poll(() => heard.ends).toBe(1);
      heard.stop();
      expect(heard.messages).toEqual(all);
      expect({ problems: heard.problems, faults: heard.faults }).toEqual({ problems: [], faults: [] });
      expect(heard.turns.size).toBeGreaterThan(10);
    });

    it('come before the connection breaks', async () => {
      const { heard } = await answeredBy((socket) => {
        socket.write(
          `${eventStreamHead({ 'content-length': '1000000' })}${steps.slice(0, 800).map(event).join('')}`,
          () => setImmediate(() => socket.resetAndDestroy()),
        );
      });
      await expect.poll(() => heard.ends).toBe(1);
      expect(heard.faults.map(({ fault }) => fault)).toEqual(['network']);
      expect(heard.messages).toEqual(all.slice(0, heard.messages.length));
    });

    it('do not come any more after a cancellation, and the next request is answered', async () => {
      const heard = new Heard();
      const { server, pool, exchange, outcome } = await answeredBy(
        (socket) =>
          void socket.write(
            `${eventStreamHead({ 'content-length': String(Buffer.byteLength(flood)) })}${flood}`,
          ),
        heard,
      );
      heard.onMessage = (message) => {
        if (heard.messages.push(message) === 700) exchange.cancel(new Error('enough'));
      };
      expect(await rejectionOf(outcome)).toHaveProperty('message', 'enough');
      const second = post(pool, server);
      await second.outcome;
      expect(second.heard.messages).toEqual(all);
      expect(heard.messages).toEqual(all.slice(0, 700));
    });
  });

  it('an event that is no message is told of, and the next one is read', async () => {
    const body = event('{"half') + event('{"neither":"a message"}') + event(ANSWER);
    const { outcome, heard } = await answeredBy((socket) => socket.end(eventStreamHead() + body));
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
    expect(heard.problems).toHaveLength(2);
  });

  it('the answer is there before its stream ends, and what follows is heard, ids or not', async () => {
    let say = (_bytes: string): void => {};
    const { outcome, heard } = await answeredBy((socket) => {
      say = (bytes) => void socket.write(bytes);
      say(eventStreamHead() + event(ANSWER));
    });
    expect(await outcome).toBeUndefined();
    expect(heard).toMatchObject({ messages: [answer], ends: 0 });
    say(`id: 7\nretry: 5\n${event(progress(3))}`);
    await expect.poll(() => heard.messages).toHaveLength(2);
    expect(heard.ends).toBe(0);
  });

  it.each([
    ['without the blank line', `data: ${ANSWER}\n`],
    ['without any end of its line', `data: ${ANSWER}`],
    ['after a byte order mark', `\uFEFFevent: message\ndata:${ANSWER}\r\n`],
    ['in CR', `event: message\rdata: ${ANSWER}\r`],
    ['after others', `${event(progress(1))}: note\ndata: ${ANSWER}`],
    ['that is plain JSON', ANSWER],
  ])('the last event of a stream %s', async (_what, body) => {
    const { outcome, heard } = await answeredBy((socket) => socket.end(eventStreamHead() + body));
    expect(await outcome).toBeUndefined();
    expect(heard.messages.at(-1)).toEqual(answer);
    await expect.poll(() => heard.ends).toBe(1);
    expect(heard).toMatchObject({ streams: 1, problems: [], faults: [] });
  });

  it.each([
    '{"jsonrpc":"2.0","id":1,"resu',
    'data: {"jsonrpc":"2.0"',
    'id: 7\nretry: 1',
    'data: ',
    'event: message',
    'x',
  ])('a piece of an event is none: %j', async (body) => {
    const { outcome, heard } = await answeredBy((socket) => socket.end(eventStreamHead() + body));
    expect(await outcome).toBeUndefined();
    expect(heard).toMatchObject({ messages: [], streams: 1, ends: 1, faults: [], problems: [] });
  });

  it('a last event with an id and without a blank line is handed on', async () => {
    const { outcome, heard } = await answeredBy((socket) =>
      socket.end(`${eventStreamHead()}id: 1\ndata: ${ANSWER}`),
    );
    expect(eventsIn((await (await outcome)?.text()) ?? '')).toEqual([answer]);
    expect(heard).toMatchObject({ messages: [], ends: 0, faults: [] });
  });
});

describe('T5 an unusual answer to a POST is handed on whole', () => {
  it.each([201, 202, 203, 206, 300, 304, 307, 308, 400, 401, 403, 404, 405, 409, 429, 500, 503, 599])(
    'HTTP %i',
    async (status) => {
      const body = status === 304 ? '' : ANSWER;
      const headers = {
        'content-type': 'application/json',
        'www-authenticate': 'Bearer scope="x"',
        location: '/elsewhere',
        ...(status !== 304 && { 'content-length': String(Buffer.byteLength(body)) }),
      };
      const { outcome, heard } = await answered(head(status, headers) + body);
      const response = await outcome;
      expect(response?.status).toBe(status);
      expect(response?.headers.get('www-authenticate')).toBe('Bearer scope="x"');
      expect(response?.headers.get('location')).toBe('/elsewhere');
      expect(await response?.text()).toBe(body);
      expect(heard).toMatchObject({ messages: [], streams: 0, ends: 0 });
    },
  );

  it.each([
    ['no content', head(204)],
    ['another type', json(ANSWER, { 'content-type': 'text/html' })],
    ['a type like JSON', json(ANSWER, { 'content-type': 'application/json-seq' })],
    ['no type', head(200, { 'content-length': '2' }) + 'hi'],
    ['an empty body', json('')],
    ['a body that is no JSON', json('{"jsonrpc":')],
    ['JSON that is no message', json('{"hello":"world"}')],
    ['a batch with something else in it', json(`[${ANSWER},null]`)],
  ])('%s', async (_what, bytes) => {
    const { outcome, heard } = await answered(bytes);
    const response = await outcome;
    expect(await response?.text()).toBe(bytes.slice(bytes.indexOf('\r\n\r\n') + 4));
    expect(heard).toMatchObject({ messages: [], streams: 0 });
  });

  it('a large body that is no JSON, and the next request on its socket', async () => {
    const body = `nonsense ${'x'.repeat(300_000)}`;
    const answers = [json(body), json(ANSWER)];
    const { server, pool, outcome } = await answeredBy((socket) => socket.write(answers.shift() ?? ''));
    expect(await (await outcome)?.text()).toBe(body);
    const next = post(pool, server);
    expect(await next.outcome).toBeUndefined();
    expect(next.heard.messages).toEqual([answer]);
    expect(server.closed.size).toBe(0);
  });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['gzip, br', (data: Buffer) => brotliCompressSync(gzipSync(data))],
    ['identity', (data: Buffer) => data],
  ] as const)('a body in the coding %s is decoded', async (coding, encode) => {
    for (const type of ['application/json', 'text/event-stream']) {
      const bytes = encode(Buffer.from(ANSWER));
      const headers = {
        'content-type': type,
        'content-encoding': coding,
        'content-length': String(bytes.length),
      };
      const { outcome } = await answered(Buffer.concat([Buffer.from(head(200, headers)), bytes]));
      expect(await (await outcome)?.text()).toBe(ANSWER);
    }
  });

  it('what has come of a coded stream is decoded before the rest is there', async () => {
    const bytes = gzipSync(Buffer.from(event(ANSWER)));
    const { outcome } = await answeredBy((socket) => {
      socket.write(eventStreamHead({ 'content-encoding': 'gzip' }));
      // Without the last of its trailer.
      socket.write(bytes.subarray(0, -4));
    });
    const reader = (await outcome)?.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(event(ANSWER));
    await reader?.cancel();
  });

  it('a coded body that is damaged is an error of its reader', async () => {
    const { outcome } = await answered(json('this is no gzip', { 'content-encoding': 'gzip' }));
    expect(await rejectionOf((await outcome)?.text() ?? Promise.resolve())).toBeInstanceOf(Error);
  });

  it('a chain of codings that nobody uses is refused, rather than undone', async () => {
    const coding = Array.from({ length: 1_000 }, () => 'gzip').join();
    const { outcome } = await answered(
      json(gzipSync(ANSWER).toString('latin1'), { 'content-encoding': coding }),
    );
    const started = performance.now();
    const read = outcome.then((response) => response?.text());
    expect(await rejectionOf(read)).not.toMatchObject({ code: 'Z_DATA_ERROR' });
    // A thousand decoders take far longer.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each(['id: 1', 'id:1', 'id', 'retry: 5'])(
    'a stream with "%s" before its answer, cut at every byte: nothing is lost, nothing comes twice',
    async (field) => {
      const body = Buffer.from(
        `${event(progress(1))}${field}\ndata:\n\n${event(progress(2))}${event(ANSWER)}`,
      );
      let at = 0;
      const server = await serveRaw((_request, socket) => {
        socket.write(chunkedStreamHead());
        if (at > 0) socket.write(httpChunk(body.subarray(0, at)));
        setImmediate(() => {
          if (at < body.length) socket.write(httpChunk(body.subarray(at)));
          socket.write(httpChunk(''));
        });
      });
      const pool = poolTo(server);
      for (at = 0; at <= body.length; at++) {
        const { outcome, heard } = post(pool, server);
        const rest = (await (await outcome)?.text()) ?? '';
        expect(rest).toContain(`${field}\n`);
        expect([...heard.messages, ...eventsIn(rest)]).toEqual([
          JSON.parse(progress(1)),
          JSON.parse(progress(2)),
          answer,
        ]);
        expect(heard).toMatchObject({ ends: 0, faults: [], problems: [] });
      }
    },
  );

  it('an id after a byte order mark is an id', async () => {
    const { outcome } = await answeredBy((socket) =>
      socket.write(`${eventStreamHead()}\uFEFFid: 1\ndata:\n\n`),
    );
    const response = await outcome;
    expect(response?.status).toBe(200);
    await response?.body?.cancel();
  });

  it('a stream that was handed on ends, breaks and is cancelled for its reader', async () => {
    const sockets: Socket[] = [];
    const { server, pool, outcome } = await answeredBy((socket) => {
      sockets.push(socket);
      socket.write(chunkedStreamHead());
      socket.write(httpChunk('id: 1\ndata:\n\n'));
    });
    const ended = await outcome;
    sockets[0]?.end(httpChunk(''));
    expect(await ended?.text()).toBe('id: 1\ndata:\n\n');

    const broken = await post(pool, server).outcome;
    sockets[1]?.resetAndDestroy();
    expect(await rejectionOf(broken?.text() ?? Promise.resolve())).toBeInstanceOf(Error);

    const third = post(pool, server);
    const cancelled = await third.outcome;
    third.exchange.cancel(new Error('enough'));
    expect(await rejectionOf(cancelled?.text() ?? Promise.resolve())).toMatchObject({ message: 'enough' });
    await expect.poll(() => server.closed).toContain(2);
  });
});

describe('T5 limits of an answer', () => {
  it('a JSON body that is too large, with and without its length', async () => {
    const body = ANSWER.padEnd(2_000);
    const chunked = head(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    for (const bytes of [json(body), Buffer.concat([Buffer.from(chunked), httpChunk(body)])]) {
      const { outcome, heard } = await answered(bytes, new Heard(1_999));
      expect(await rejectionOf(outcome)).toMatchObject({ message: 'too large' });
      expect(heard).toMatchObject({ messages: [], faults: [], ends: 0 });
    }
  });

  it('an event that is too large, before it is complete', async () => {
    const { server, outcome, heard } = await answeredBy(
      (socket) => socket.write(`${eventStreamHead()}${event(progress(1))}data: ${'x'.repeat(2_000)}`),
      new Heard(1_000),
    );
    expect(await outcome).toBeUndefined();
    await expect.poll(() => heard.ends).toBe(1);
    expect(heard.faults).toMatchObject([{ fault: 'too-large', error: { message: 'too large' } }]);
    await expect.poll(() => server.closed).toContain(0);
  });

  it('an event of 60 MB', async () => {
    const size = 60 * 1024 * 1024;
    const { outcome, heard } = await answeredBy(
      (socket) => {
        socket.write(`${eventStreamHead()}data: {"jsonrpc":"2.0","id":1,"result":{"text":"`);
        socket.end(`${'x'.repeat(size)}"}}\n\n`);
      },
      new Heard(64 * 1024 * 1024),
    );
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toHaveLength(1);
    const [message] = heard.messages as { result?: { text?: string } }[];
    expect(message?.result?.text?.length).toBe(size);
  });

  it.each(['application/json', 'text/event-stream'])(
    'a body of %s in chunks of one byte takes memory in proportion to its bytes',
    async (type) => {
      const size = 1_500_000;
      const many = Buffer.concat(Array.from({ length: 10_000 }, () => httpChunk('x')));
      let parts = 0;
      const server = await serveRaw((_request, socket) => {
        socket.write(head(200, { 'content-type': type, 'transfer-encoding': 'chunked' }));
        const write = (): void => {
          while (parts < size / 10_000) {
            parts++;
            if (!socket.write(many)) return void socket.once('drain', write);
          }
        };
        write();
      });
      collectGarbage();
      const before = process.memoryUsage();
      const heard = new Heard(64 * 1024 * 1024);
      const { exchange, outcome } = post(poolTo(server), server, heard);
      await expect.poll(() => parts).toBe(size / 10_000);
      collectGarbage();
      const after = process.memoryUsage();
      exchange.cancel(new Error('enough'));
      await rejectionOf(outcome);
      const growth = after.heapUsed + after.external - before.heapUsed - before.external;
      // A Buffer for each byte would take a hundred times its size.
      expect(growth).toBeLessThan(size * 20);
    },
  );

  it('messages without end do not keep others waiting', async () => {
    const some = event('{"jsonrpc":"2.0","method":"x"}').repeat(10_000);
    const count = 300_000;
    const { outcome, heard } = await answeredBy((socket) => {
      socket.write(eventStreamHead());
      for (let sent = 0; sent < count; sent += 10_000) socket.write(some);
      socket.end(event(ANSWER));
    });
    let longest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 5);
    await outcome;
    clearInterval(beat);
    expect(heard.messages).toHaveLength(count + 1);
    expect(longest).toBeLessThan(2_000);
  });

  it('a stream that says nothing is given up, and one that does is not', async () => {
    const silent = await answeredBy((socket) => socket.write(eventStreamHead()), new Heard(1_000, 100));
    expect(await silent.outcome).toBeUndefined();
    expect(silent.heard).toMatchObject({ faults: [{ fault: 'silent' }], ends: 1 });
    await expect.poll(() => silent.server.closed).toContain(0);

    const talking = await answeredBy(
      (socket) => {
        socket.write(eventStreamHead());
        let left = 12;
        const timer = setInterval(() => {
          // Half an event says that the server is there, too.
          if (left-- > 0) return void socket.write(':');
          clearInterval(timer);
          socket.end(`\n\n${event(ANSWER)}`);
        }, 50);
      },
      new Heard(1_000, 500),
    );
    expect(await talking.outcome).toBeUndefined();
    expect(talking.heard).toMatchObject({ messages: [answer], faults: [] });
  });

  it('a stream is watched for silence after its answer, too', async () => {
    const { server, outcome, heard } = await answeredBy(
      (socket) => socket.write(eventStreamHead() + event(ANSWER)),
      new Heard(1_000, 200),
    );
    expect(await outcome).toBeUndefined();
    await expect.poll(() => heard.ends).toBe(1);
    await expect.poll(() => server.closed).toContain(0);
  });
});

describe('S17 an exchange that breaks', () => {
  const started = head(200, { 'content-type': 'application/json', 'content-length': '1000' });
  it.each([
    ['before the answer', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\ncontent-ty'],
    ['after an informational answer', head(103)],
    ['after the headers', started],
    ['within the body', started + ANSWER],
  ])('closed or reset %s', async (_when, bytes) => {
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const { server, outcome, heard } = await answeredBy((socket) =>
        socket.write(bytes, () => void socket[end]()),
      );
      expect(await rejectionOf(outcome)).toBeInstanceOf(Error);
      expect(heard).toMatchObject({ messages: [], faults: [], ends: 0 });
      expect(server.seen).toHaveLength(1);
    }
  });

  it.each([
    ['something that is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['an HTTP 100 that never ends', `HTTP/1.1 100 Continue\r\n${'x-y: z\r\n'.repeat(20_000)}`],
    ['a change of protocols', head(101, { upgrade: 'websocket', connection: 'upgrade' })],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'x-y: z\r\n'.repeat(20_000)}`],
    ['a length that is no number', head(200, { 'content-length': 'many' })],
    ['two lengths', `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello`],
    [
      'a chunk that has no size',
      `${chunkedStreamHead().replace('text/event-stream', 'application/json')}zz\r\n`,
    ],
  ])('%s', async (_what, bytes) => {
    const { outcome, heard, server } = await answeredBy((socket) => socket.write(bytes));
    expect(await rejectionOf(outcome)).toBeInstanceOf(Error);
    expect(heard.messages).toEqual([]);
    await expect.poll(() => server.closed).toContain(0);
  });

  it('a body that is longer than its length ends where it said', async () => {
    const { server, pool, outcome, heard } = await answeredBy((socket) =>
      socket.write(`${json(ANSWER)}${ANSWER}`),
    );
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
    // What was too much is never taken for the next answer.
    const next = post(pool, server);
    expect(await next.outcome).toBeUndefined();
    expect(next.heard.messages).toEqual([answer]);
  });

  it('a second answer to one request is never that of the next', async () => {
    const stray = ANSWER.replace('"id":1', '"id":666');
    const { server, pool, outcome, heard } = await answeredBy((socket) =>
      socket.write(json(ANSWER) + json(stray)),
    );
    expect(await outcome).toBeUndefined();
    expect(heard.messages).toEqual([answer]);
    const next = post(pool, server);
    expect(await next.outcome).toBeUndefined();
    expect(next.heard.messages).toEqual([answer]);
  });

  it('a stream that is closed or reset before its answer ends, and tells which', async () => {
    const closed = await answeredBy((socket) => socket.end(eventStreamHead() + event(progress(1))));
    expect(await closed.outcome).toBeUndefined();
    expect(closed.heard).toMatchObject({ ends: 1, faults: [], messages: [JSON.parse(progress(1))] });

    const reset = await answeredBy((socket) => {
      socket.write(chunkedStreamHead());
      socket.write(httpChunk(event(progress(1))), () => void socket.resetAndDestroy());
    });
    expect(await reset.outcome).toBeUndefined();
    expect(reset.heard).toMatchObject({ ends: 1, faults: [{ fault: 'network' }] });

    const halfway = await answeredBy((socket) => {
      socket.write(chunkedStreamHead());
      socket.end(httpChunk(event(progress(1))));
    });
    expect(await halfway.outcome).toBeUndefined();
    expect(halfway.heard).toMatchObject({ ends: 1, faults: [{ fault: 'network' }] });
  });

  it('nothing listens there', async () => {
    const server = await serveRaw(() => {});
    await server.stop();
    expect(await rejectionOf(post(poolTo(server), server).outcome)).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('a handler that throws does not leave the exchange without an outcome', async () => {
    for (const bytes of [json(ANSWER), eventStreamHead() + event(ANSWER)]) {
      class Throwing extends Heard {
        override onMessage(): void {
          throw new Error('not today');
        }
        override onProblem(): void {
          throw new Error('nor tomorrow');
        }
      }
      const { outcome, server } = await answeredBy((socket) => socket.end(bytes), new Throwing());
      await outcome.catch(() => {});
      await expect.poll(() => server.closed).toContain(0);
    }
  });
});

describe('S4 an exchange that is given up', () => {
  const reason = new Error('given up');

  it.each([
    ['before the headers', ''],
    ['within the headers', 'HTTP/1.1 200 OK\r\ncontent'],
    [
      'within a JSON body',
      head(200, { 'content-type': 'application/json', 'content-length': '999' }) + '{"json',
    ],
    ['within a stream', eventStreamHead() + event(progress(1)) + 'data: {'],
  ])('%s', async (_when, bytes) => {
    const { server, exchange, outcome, heard } = await answeredBy((socket) => socket.write(bytes));
    await expect.poll(() => server.seen).toHaveLength(1);
    if (bytes.includes('progress')) await expect.poll(() => heard.messages).toHaveLength(1);
    exchange.cancel(reason);
    exchange.cancel(new Error('again'));
    expect(await rejectionOf(outcome)).toBe(reason);
    await expect.poll(() => server.closed).toContain(0);
    expect(heard).toMatchObject({ ends: 0, faults: [], problems: [] });
  });

  it('by the listener, in the midst of a message', async () => {
    const heard = new Heard();
    const bytes = event(progress(1)) + event(progress(2)) + event(ANSWER);
    const { server, exchange, outcome } = await answeredBy((socket) => {
      setImmediate(() => socket.write(eventStreamHead() + bytes));
    }, heard);
    heard.onMessage = () => exchange.cancel(reason);
    expect(await rejectionOf(outcome)).toBe(reason);
    await expect.poll(() => server.closed).toContain(0);
  });

  it('after its answer, it ends a stream that the server left open', async () => {
    const { server, exchange, outcome, heard } = await answeredBy((socket) =>
      socket.write(eventStreamHead() + event(ANSWER)),
    );
    expect(await outcome).toBeUndefined();
    exchange.cancel(reason);
    await expect.poll(() => server.closed).toContain(0);
    expect(heard).toMatchObject({ faults: [], ends: 0 });
  });

  it('when it is over, nothing happens', async () => {
    const { server, pool, exchange, outcome } = await answeredBy((socket) => socket.write(json(ANSWER)));
    expect(await outcome).toBeUndefined();
    exchange.cancel(reason);
    // The socket is as good as it was.
    expect(await post(pool, server).outcome).toBeUndefined();
    expect(server.closed.size).toBe(0);
  });

  it('before it has a socket, it never leaves', async () => {
    const server = await serveRaw(() => {});
    const { exchange, outcome } = post(poolTo(server), server);
    exchange.cancel(reason);
    expect(await rejectionOf(outcome)).toBe(reason);
    const pool = poolTo(server);
    post(pool, server);
    await expect.poll(() => server.seen).toHaveLength(1);
    await pool.destroy();
    expect(server.seen).toHaveLength(1);
  });

  it('with its pool, at every stage', async () => {
    for (const bytes of [
      '',
      'HTTP/1.1 200',
      eventStreamHead(),
      json(ANSWER).slice(0, -5),
      `${eventStreamHead()}id: 1\n\n`,
    ]) {
      const { server, pool, outcome } = await answeredBy((socket) => socket.write(bytes));
      await expect.poll(() => server.seen).toHaveLength(1);
      const settled = Promise.allSettled([outcome.then((response) => response?.text())]);
      await pool.destroy();
      await settled;
      await expect.poll(() => server.openSockets()).toBe(0);
    }
  });
});
