import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stdioSpec, type ServerScript } from '../../../src/testing/index.ts';
import { configFile, inline, plenum, plenumJson } from '../support/run-cli.ts';
import { newFolder } from '../../support/folders.ts';

const schema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    ratio: { type: ['number', 'null'] },
    really: { type: 'boolean' },
    names: { type: 'array', items: { type: 'string' } },
    sizes: { $ref: '#/$defs/Sizes' },
    nested: { type: 'object' },
    choice: { enum: [1, 2] },
    either: { anyOf: [{ type: 'string' }, { type: 'number' }] },
  },
  additionalProperties: false,
  $defs: { Sizes: { type: 'array', items: { type: 'number' } } },
};

const echo = stdioSpec({ tools: [{ name: 'echo', inputSchema: schema }, { name: 'free' }] });

/** A server whose tools answer with these results, by their names. */
function answering(results: Readonly<Record<string, object>>): string[] {
  const tools = Object.entries(results).map(([name, result]) => ({
    name,
    does: { type: 'result' as const, result: result as never },
  }));
  return inline(stdioSpec({ tools }));
}

describe('plenum call: arguments', () => {
  it.each([
    ['texts stay as they are', ['text=12'], { text: '12' }],
    ['a text may hold the sign again, and line ends', ['text=a=b\nc'], { text: 'a=b\nc' }],
    ['an empty text', ['text='], { text: '' }],
    ['numbers', ['count=3', 'ratio=-0.5e1'], { count: 3, ratio: -5 }],
    ['null, where it is allowed', ['ratio=null'], { ratio: null }],
    ['booleans', ['really=false'], { really: false }],
    ['a list as JSON', ['names=["a","b c"]'], { names: ['a', 'b c'] }],
    ['a list item by item', ['names=a', 'names=b=c'], { names: ['a', 'b=c'] }],
    ['a list of one', ['names=a'], { names: ['a'] }],
    [
      'the items of a list by their own schema, behind a reference',
      ['sizes=1', 'sizes=2.5'],
      { sizes: [1, 2.5] },
    ],
    ['an object as JSON', ['nested={"a":[1]}'], { nested: { a: [1] } }],
    ['what an enumeration allows', ['choice=2'], { choice: 2 }],
    ['what may stay a text does', ['either=5'], { either: '5' }],
    [
      ':= takes JSON, whatever the schema says',
      ['text:=5', 'nested:={"a":1}'],
      { text: 5, nested: { a: 1 } },
    ],
    ['--args', ['--args', '{"text":"a","count":1}'], { text: 'a', count: 1 }],
    ['single ones win over --args', ['count=2', '--args', '{"text":"a","count":1}'], { text: 'a', count: 2 }],
  ])('%s', async (_, words, expected) => {
    const { exitCode, stdout } = await plenum(['call', 'echo', ...words, ...inline(echo)]);
    expect({ exitCode, sent: JSON.parse(stdout) }).toEqual({ exitCode: 0, sent: expected });
  });

  it('- reads JSON from standard input', async () => {
    const { stdout } = await plenum(['call', 'echo', '-', 'count=1', ...inline(echo)], {
      input: '{"text":"from afar"}',
    });
    expect(JSON.parse(stdout)).toEqual({ text: 'from afar', count: 1 });
  });

  it('--args @file reads a file', async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'order.json'), '{"text":"from a file"}');
    const { stdout } = await plenum(['call', 'echo', '--args', '@order.json', ...inline(echo)], { cwd });
    expect(JSON.parse(stdout)).toEqual({ text: 'from a file' });
  });

  it.each([
    ['--args -', ['--args', '-', 'count=1'], '{"text":"from afar"}', { text: 'from afar', count: 1 }],
    ['key=@-', ['text=@-', 'count=1'], 'from afar\n', { text: 'from afar\n', count: 1 }],
    ['key:=@-', ['nested:=@-'], '{"a":[1]}', { nested: { a: [1] } }],
    [
      'a part, beside --args',
      ['nested.b:=2', '--args', '{"nested":{"a":1}}'],
      '',
      { nested: { a: 1, b: 2 } },
    ],
  ])('L6 %s', async (_, words, input, sent) => {
    const { exitCode, stdout } = await plenum(['call', 'echo', ...words, ...inline(echo)], { input });
    expect({ exitCode, sent: JSON.parse(stdout) }).toEqual({ exitCode: 0, sent });
  });

  it('L5 an argument that the tool leaves open is sent, with a warning', async () => {
    const properties = { a: { type: 'number' }, b: { type: 'number' } };
    const tool = stdioSpec({ tools: [{ name: 'sum', inputSchema: { type: 'object', properties } }] });
    const words = ['call', 'sum', 'a=1', 'b=2', 'c=3'];
    const { exitCode, stdout, stderr } = await plenum([...words, ...inline(tool)]);
    expect({ exitCode, sent: JSON.parse(stdout) }).toEqual({ exitCode: 0, sent: { a: 1, b: 2, c: '3' } });
    expect(stderr).toBe(
      'warning: The tool does not name an argument "c"; it is sent all the same. Did you mean "a", "b"?\n',
    );
    const json = await plenum([...words, '--json', ...inline(tool)]);
    expect(JSON.parse(json.stderr)).toEqual({ warning: expect.stringContaining('"c"') });
  });

  it('L5 a value outside its range is refused before the tool is called', async () => {
    const { exitCode, stdout, stderr } = await plenum(['call', 'echo', 'choice=3', ...inline(echo)]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Argument "choice" must be equal to one of the allowed values: 1, 2.');
  });

  it('without a schema, everything is a text', async () => {
    const { stdout } = await plenum(['call', 'free', 'a=1', 'b=true', ...inline(echo)]);
    expect(JSON.parse(stdout)).toEqual({ a: '1', b: 'true' });
  });

  it.each([
    ['no number', ['count=many'], 'Argument "count" must be a whole number, not "many"'],
    ['a fraction for a whole number', ['count=1.5'], 'must be a whole number'],
    ['neither true nor false', ['really=yes'], 'must be true or false'],
    ['no object', ['nested=a'], 'must be a JSON object'],
    ['a wrong item', ['sizes=1', 'sizes=x'], 'must be a number'],
    ['twice what is no list', ['count=1', 'count=2'], 'is given 2 times'],
    ['an argument that the tool does not have', ['txet=a'], 'no argument "txet". Did you mean "text"'],
    ['a name that every object has', ['__proto__=a'], 'no argument "__proto__"'],
    ['an unknown one as JSON', ['txet:=1'], 'no argument "txet". Did you mean "text"'],
    ['an unknown one in --args', ['--args', '{"txet":1}'], 'no argument "txet"'],
    ['a number without end', ['ratio:=1e400'], 'too large'],
    ['one without end in --args', ['--args', '{"sizes":[1e400]}'], 'too large'],
    ['a number that would be rounded', ['count=12345678901234567891'], 'too large'],
    ['one as JSON that would be rounded', ['count:=12345678901234567891'], 'too large'],
  ])('%s is refused before the tool is called', async (_, words, message) => {
    const { exitCode, stdout, stderr } = await plenum(['call', 'echo', ...words, ...inline(echo)]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('an argument that is missing is named before the tool is called', async () => {
    const inputSchema = {
      type: 'object',
      properties: { path: { type: 'string' }, head: { type: 'integer' }, mode: { default: 'r' } },
      required: ['path', 'mode'],
    };
    const server = inline(stdioSpec({ tools: [{ name: 'read', inputSchema }] }));
    const { exitCode, stdout, stderr } = await plenum(['call', 'read', 'head=1', ...server]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('The tool also needs "path". Its arguments: path, head, mode.');
    expect((await plenum(['call', 'read', 'path=a', ...server])).exitCode).toBe(0);
  });

  it('an unknown tool names the nearest', async () => {
    const { exitCode, stderr } = await plenum(['call', 'ehco', ...inline(echo)]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Did you mean "echo"');
  });
});

describe('plenum call: results', () => {
  it('--json prints the result as it came, of a failed tool too', async () => {
    const failed = { content: [{ type: 'text', text: 'no such order' }], isError: true };
    const { exitCode, stdout } = await plenum(['call', 'order', '--json', ...answering({ order: failed })]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject(failed);
  });

  it('a tool that failed is exit code 1, and what it says is no data', async () => {
    const failed = { content: [{ type: 'text', text: 'no such order' }], isError: true };
    const { exitCode, stdout, stderr } = await plenum(['call', 'order', ...answering({ order: failed })]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain('no such order');
    expect(stderr).toContain('Tool "order" failed');
  });

  it('text is shown as text, JSON laid out', async () => {
    const content = [
      { type: 'text', text: 'two\nlines\tand a tab' },
      { type: 'text', text: '{"a":[1,2]}' },
    ];
    const { stdout } = await plenum(['call', 'say', ...answering({ say: { content } })]);
    expect(stdout).toBe('two\nlines\tand a tab\n{\n  "a": [\n    1,\n    2\n  ]\n}\n');
  });

  it('structured content is shown once, though servers repeat it as text', async () => {
    const structuredContent = { degrees: 21 };
    const content = [
      { type: 'text', text: '{ "degrees": 21 }' },
      { type: 'text', text: 'Nice weather.' },
    ];
    const { stdout } = await plenum([
      'call',
      'weather',
      ...answering({ weather: { content, structuredContent } }),
    ]);
    expect(stdout).toBe('Nice weather.\n{\n  "degrees": 21\n}\n');
  });

  it('images are summed up, links and embedded resources shown', async () => {
    const content = [
      { type: 'image', mimeType: 'image/png', data: Buffer.alloc(2_048).toString('base64') },
      { type: 'audio', mimeType: 'audio/wav', data: 'AAAA' },
      { type: 'resource_link', uri: 'file:///a.txt', name: 'a', mimeType: 'text/plain', description: 'an A' },
      { type: 'resource', resource: { uri: 'file:///b.txt', text: 'the text of B' } },
      { type: 'resource', resource: { uri: 'file:///c', mimeType: 'application/zip', blob: 'AAAA' } },
    ];
    const { stdout, stderr } = await plenum(['call', 'all', ...answering({ all: { content } })]);
    expect(stdout.split('\n')).toEqual([
      '[image: image/png, 2.0 KiB]',
      '[audio: audio/wav, 3 bytes]',
      '[link] a: file:///a.txt (text/plain, an A)',
      'the text of B',
      '[resource file:///c: application/zip, 3 bytes]',
      '',
    ]);
    expect(stderr).toContain('--out');
  });

  it('--out saves one part to a file, several into a folder, under safe names', async () => {
    const image = { type: 'image', mimeType: 'image/png', data: Buffer.from('picture').toString('base64') };
    const evil = [
      '../../evil.sh',
      '/etc/passwd',
      'C:\\Windows\\x.exe',
      '.bashrc',
      'con',
      '..',
      'a b\u001b[31m.txt',
    ];
    const blobs = evil.map((uri) => ({
      type: 'resource',
      resource: { uri, blob: Buffer.from(uri).toString('base64') },
    }));
    const server = answering({ one: { content: [image] }, many: { content: [image, ...blobs, image] } });
    const cwd = newFolder();

    const one = await plenum(['call', 'one', '--out', 'picture.png', ...server], { cwd });
    expect(one.exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'picture.png'), 'utf8')).toBe('picture');

    expect((await plenum(['call', 'many', '--out', 'deep/parts', ...server], { cwd })).exitCode).toBe(0);
    expect(readdirSync(cwd).toSorted()).toEqual(['deep', 'picture.png']);
    expect(readdirSync(join(cwd, 'deep/parts')).toSorted()).toEqual([
      'a_b_31m.txt',
      'bashrc.bin',
      'evil.sh',
      'image-1.png',
      'image-9.png',
      'part.bin',
      'part_con.bin',
      'passwd.bin',
      'x.exe',
    ]);
  });

  it('in a folder, nothing is overwritten and no link is followed', async () => {
    const image = { type: 'image', mimeType: 'image/png', data: Buffer.from('new').toString('base64') };
    const cwd = newFolder();
    mkdirSync(join(cwd, 'parts'));
    writeFileSync(join(cwd, 'target'), 'old');
    symlinkSync(join(cwd, 'target'), join(cwd, 'parts', 'image-1.png'));
    const server = answering({ one: { content: [image] } });
    expect((await plenum(['call', 'one', '--out', 'parts', ...server], { cwd })).exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'target'), 'utf8')).toBe('old');
    expect(readFileSync(join(cwd, 'parts', 'image-1-2.png'), 'utf8')).toBe('new');
  });

  it('--out that cannot be written is exit code 2, before the server is opened', async () => {
    const cwd = newFolder();
    writeFileSync(join(cwd, 'file'), '');
    const ledgerFile = join(cwd, 'ledger');
    const server = inline(stdioSpec({ tools: [{ name: 'one' }], ledgerFile }));
    const { exitCode, stderr } = await plenum(['call', 'one', '--out', 'file/x.png', ...server], { cwd });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--out file/x.png');
    expect(existsSync(ledgerFile)).toBe(false);
  });

  it('--out makes folders, and says when it replaces a file', async () => {
    const cwd = newFolder();
    const image = { type: 'image', mimeType: 'image/png', data: 'AAAA' };
    const call = ['call', 'one', '--out', 'new/x.png', ...answering({ one: { content: [image] } })];
    expect((await plenum(call, { cwd })).stderr).toBe('Saved new/x.png\n');
    expect((await plenum(call, { cwd })).stderr).toBe('Saved new/x.png, over what was there\n');
  });

  it('--out - writes to standard output, and nothing else does', async () => {
    const data = Buffer.from('picture').toString('base64');
    const content = [
      { type: 'text', text: 'Here it is.' },
      { type: 'image', mimeType: 'image/png', data },
    ];
    const server = answering({ one: { content } });
    const { stdout, stderr } = await plenum(['call', 'one', '--out', '-', ...server]);
    expect(stdout).toBe('picture');
    expect(stderr).toContain('Here it is.');
    expect((await plenum(['call', 'one', '--out', '-', '--json', ...server])).exitCode).toBe(2);
  });

  it.each([
    ['the text of its only field', { content: 'a\nb' }, 'a\nb', 'a\nb\n'],
    ['the number of its only field', { result: 5 }, '5', '5\n'],
    ['the same JSON', { a: 1, b: 2 }, '{"b":2,"a":1}', '{\n  "a": 1,\n  "b": 2\n}\n'],
  ])('structured content and %s are shown once', async (_, structuredContent, text, shown) => {
    const result = { content: [{ type: 'text', text }], structuredContent };
    expect((await plenum(['call', 'one', ...answering({ one: result })])).stdout).toBe(shown);
  });
});

describe('plenum call: servers', () => {
  const ledger = (): { ledgerFile: string } => ({ ledgerFile: join(newFolder(), 'ledger') });

  it('opens only the server that the name belongs to', async () => {
    const other = ledger();
    const servers = { a: stdioSpec({ tools: [{ name: 't' }] }), b: stdioSpec({ ...other }) };
    const { exitCode } = await plenum(['call', 'a__t', '-c', configFile(servers)]);
    expect(exitCode).toBe(0);
    expect(readdirSync(join(other.ledgerFile, '..'))).toEqual([]);
  });

  it('a broken server costs the others nothing', async () => {
    const servers = {
      broken: { command: 'no-such-command-here' },
      good: stdioSpec({ tools: [{ name: 't' }] }),
    };
    const { exitCode, stderr } = await plenum(['call', 'good__t', '-c', configFile(servers)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('under bare naming, any server may have the tool', async () => {
    const servers = { a: stdioSpec({ tools: [{ name: 'x' }] }), b: stdioSpec({ tools: [{ name: 'y' }] }) };
    const config = configFile(servers, { plenum: { naming: 'bare' } });
    expect((await plenum(['call', 'y', '-c', config])).exitCode).toBe(0);
    expect((await plenum(['call', 'b__y', '-c', config])).exitCode).toBe(2);
  });

  it.each(['legacy', 'modern'] as const)('speaks the %s era', async (era) => {
    const script: ServerScript = { era, tools: [{ name: 'whoami', does: { type: 'whoami' } }] };
    const { stdout } = await plenum(['call', 'whoami', ...inline(stdioSpec(script))]);
    expect(JSON.parse(stdout)).toMatchObject({ era });
  });

  it('--root is what servers are told', async () => {
    const cwd = newFolder();
    mkdirSync(join(cwd, 'work'));
    const server = inline(stdioSpec({ tools: [{ name: 'roots', does: { type: 'roots' } }] }));
    const { stdout } = await plenum(['call', 'roots', '--root', 'work', '--root', cwd, ...server], { cwd });
    const [work, whole] = JSON.parse(stdout).roots;
    expect(work).toMatchObject({ name: 'work', uri: expect.stringMatching(/^file:\/\/.*\/work$/) });
    expect(whole.uri).toMatch(/^file:/);
  });

  it('--env gives a process a variable, of its own or of ours; others stay here', async () => {
    const server = inline(stdioSpec({ tools: [{ name: 'whoami', does: { type: 'whoami' } }] }));
    const { stdout } = await plenum(['call', 'whoami', '--env', 'A=b=c', '--env', 'MINE', ...server], {
      env: { MINE: 'mine', SECRET: 'secret' },
    });
    const { env } = JSON.parse(stdout);
    expect(env).toMatchObject({ A: 'b=c', MINE: 'mine' });
    expect(env).not.toHaveProperty('SECRET');
  });

  it('sampling is refused with a clear message, to the user and to the server', async () => {
    const params = { messages: [], maxTokens: 10 };
    const server = inline(
      stdioSpec({ era: 'legacy', tools: [{ name: 'ask', does: { type: 'sample', params } }] }),
    );
    const { stdout, stderr } = await plenum(['call', 'ask', ...server]);
    expect(stdout + stderr).toContain('no model');
    expect(stderr).toContain('refused');
  });

  it('without a terminal, questions to the user are declined', async () => {
    const params = { message: 'Who are you?', requestedSchema: { type: 'object', properties: {} } };
    const server = inline(stdioSpec({ tools: [{ name: 'ask', does: { type: 'elicit', params } }] }));
    const { exitCode, stdout, stderr } = await plenum(['call', 'ask', ...server]);
    expect({ exitCode, answer: JSON.parse(stdout) }).toEqual({ exitCode: 0, answer: { action: 'decline' } });
    expect(stderr).toContain('Who are you?');
  });

  it('--verbose shows logs, standard error and progress, and not on standard output', async () => {
    const server = stdioSpec({
      faults: { stderr: 'hello from stderr\n' },
      tools: [{ name: 'work', does: { type: 'progress', steps: 2 } }],
    });
    const { stdout, stderr } = await plenum(['call', 'work', '--verbose', ...inline(server)]);
    expect(stderr).toContain('hello from stderr');
    expect(stderr).toContain('100 %');
    expect(JSON.parse(stdout)).toEqual({});
  });
});

it('the shape of plenum call --json is the CallToolResult', async () => {
  const result = { content: [{ type: 'text', text: 'x' }], structuredContent: { a: 1 }, _meta: { k: 'v' } };
  expect(await plenumJson(['call', 'say', ...answering({ say: result })])).toMatchObject(result);
});
