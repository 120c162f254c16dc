import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import type { PlenumError } from '../../../src/errors/plenum-error.ts';
import { MessageReader } from '../../../src/transport/stdio/message-reader.ts';
import { createTextCodec } from '../../../src/transport/stdio/text-codec.ts';

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

function read(...lines: (string | Buffer)[]) {
  const messages: JSONRPCMessage[] = [];
  const problems: PlenumError[] = [];
  let overflows = 0;
  const reader = new MessageReader({
    server: 's',
    codec: createTextCodec(),
    maxMessageBytes: 1_000,
    source: { pause() {}, resume() {} },
    onMessage: (message) => messages.push(message),
    onProblem: (error) => problems.push(error),
    onOverflow: () => overflows++,
  });
  for (const line of lines) reader.push(Buffer.from(line));
  reader.end();
  reader.end();
  return { messages, problems, overflows: () => overflows };
}

describe('S9 what a server prints on stdout', () => {
  it.each([
    ['a request', ping],
    ['a request with a text id', '{"jsonrpc":"2.0","id":"a","method":"ping","params":{}}'],
    ['a notification', '{"jsonrpc":"2.0","method":"notifications/message"}'],
    ['a result', '{"jsonrpc":"2.0","id":1,"result":{}}'],
    ['an error', '{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}'],
    ['an error that answers no request', '{"jsonrpc":"2.0","error":{"code":1,"message":"m"}}'],
  ])('is read: %s', (_, line) => {
    const { messages, problems } = read(`${line}\n`);
    expect(messages).toEqual([JSON.parse(line)]);
    expect(problems).toEqual([]);
  });

  it.each([
    ['text', 'Server started on port 3000'],
    ['half an object', '{"jsonrpc":"2.0",'],
    ['a number', '42'],
    ['null', 'null'],
    ['an empty batch', '[]'],
    ['an object of another kind', '{"level":30,"msg":"hello"}'],
    ['another JSON-RPC', '{"jsonrpc":"1.0","id":1,"method":"ping"}'],
    ['a method that is not text', '{"jsonrpc":"2.0","id":1,"method":7}'],
    ['an id that is neither text nor number', '{"jsonrpc":"2.0","id":{},"method":"ping"}'],
    ['a result for nobody', '{"jsonrpc":"2.0","id":null,"result":{}}'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":1,"error":null}'],
    ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])('is reported and dropped: %s', (_, line) => {
    const { messages, problems } = read(`${ping}\n`, line, '\n', `${ping}\n`);
    expect(messages).toHaveLength(2);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ code: 'INVALID_RESULT', server: 's' });
    expect(problems[0]?.message).toMatch(/^Server "s" wrote a line that is not .+It was skipped/);
  });

  it('is passed over in silence: blank lines', () => {
    expect(read('\n\r\n  \n\t\n')).toMatchObject({ messages: [], problems: [] });
  });

  it('is read with the line ends of Windows', () => {
    expect(read(`${ping}\r\n${ping}\r\n`).messages).toHaveLength(2);
  });

  it('is read message by message: a batch', () => {
    const { messages, problems } = read(`[${ping},${ping}]\n`);
    expect(messages).toHaveLength(2);
    expect(problems).toEqual([]);
  });

  it('is read as far as possible, with one report: a batch with other things in it', () => {
    const { messages, problems } = read(`[1,${ping},{},null]\n`);
    expect(messages).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  it('is quoted short and harmless', () => {
    const { problems } = read(`\u001b[31mred\u202e${'x'.repeat(500)}\n`);
    const message = problems[0]?.message ?? '';
    expect(message).toContain('\\u{1b}[31mred\\u{202e}xxx');
    expect(message.length).toBeLessThan(400);
    expect(message).not.toContain('\u001b');
    expect(message).not.toContain('\u202e');
  });

  it('is reported: half a line at the end', () => {
    const { messages, problems } = read(`${ping}\n{"jsonrpc":"2.0","id"`);
    expect(messages).toHaveLength(1);
    expect(problems.map((error) => error.message)).toEqual([
      'Server "s" wrote half a line that is not JSON to its standard output. It was skipped: {"jsonrpc":"2.0","id"',
    ]);
  });

  it('is read: a whole message at the end without its newline', () => {
    expect(read(ping)).toMatchObject({ messages: [JSON.parse(ping)], problems: [] });
  });

  it('ends the reading: a line over the limit', () => {
    const { messages, problems, overflows } = read(`${ping}\n`, 'x'.repeat(2_000), `\n${ping}\n`);
    expect(messages).toHaveLength(1);
    expect(problems).toEqual([]);
    expect(overflows()).toBe(1);
  });
});

describe('many messages that a server writes at once', () => {
  const SENT = Array.from({ length: 2_000 }, (_, id): JSONRPCMessage => ({
    jsonrpc: '2.0',
    id,
    method: 'm',
  }));
  const TEXT = SENT.map((each) => `${JSON.stringify(each)}\n`).join('');
  const LATE = '{"jsonrpc":"2.0","method":"late"}\n';

  function reading(encoding?: 'utf-16le') {
    const heard: JSONRPCMessage[] = [];
    let isPaused = false;
    let pauses = 0;
    const reader = new MessageReader({
      server: 's',
      codec: createTextCodec(encoding),
      maxMessageBytes: 1_000,
      source: {
        pause() {
          isPaused = true;
          pauses++;
        },
        resume() {
          isPaused = false;
        },
      },
      onMessage: (message) => heard.push(message),
      onProblem: () => heard.push({ jsonrpc: '2.0', method: 'problem' }),
      onOverflow: () => heard.push({ jsonrpc: '2.0', method: 'overflow' }),
    });
    return { heard, reader, isPaused: () => isPaused, pauses: () => pauses };
  }

  it.each([undefined, 'utf-16le' as const])(
    'come in their order, in many turns, while the pipe waits: %s',
    async (encoding) => {
      const { heard, reader, isPaused, pauses } = reading(encoding);
      reader.push(Buffer.from(TEXT, encoding ?? 'utf-8'));
      expect(heard.length).toBeLessThan(1_000);
      expect(isPaused()).toBe(true);
      await expect.poll(isPaused).toBe(false);
      expect(heard).toEqual(SENT);
      expect(pauses()).toBe(1);
    },
  );

  it('lose nothing when more comes while they wait, and the output ends', async () => {
    const { heard, reader } = reading();
    const bytes = Buffer.from(TEXT);
    const middle = bytes.length / 2 + 1;
    reader.push(bytes.subarray(0, middle));
    reader.push(bytes.subarray(middle));
    reader.push(Buffer.from(LATE.trim()));
    await new Promise<void>((read) => reader.end(read));
    expect(heard.slice(0, -1)).toEqual(SENT);
    // The half line at the end is a message, too.
    expect(heard.at(-1)).toEqual(JSON.parse(LATE));
    reader.push(Buffer.from(LATE));
    expect(heard).toHaveLength(2_001);
  });

  it('are read no further than to a line that is too long', async () => {
    const { heard, reader } = reading();
    reader.push(Buffer.from(`${TEXT}${'x'.repeat(2_000)}\n${LATE}`));
    reader.push(Buffer.from(LATE));
    await new Promise<void>((read) => reader.end(read));
    expect(heard).toHaveLength(2_001);
    expect(heard.at(-1)).toEqual({ jsonrpc: '2.0', method: 'overflow' });
  });
});
