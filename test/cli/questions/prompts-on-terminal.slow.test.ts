import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import {
  BACKSPACE,
  CTRL_C,
  DOWN,
  ENTER,
  ESCAPE,
  plenumOnTerminal,
  type OnTerminal,
} from '../support/on-terminal.ts';
import { configFile, inline, marked } from '../support/run-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

const schema = {
  type: 'object',
  properties: {
    name: { type: 'string', title: 'Your name', default: 'Ada', minLength: 2 },
    mail: { type: 'string', format: 'email' },
    age: { type: 'integer', minimum: 18, description: 'in years' },
    color: { type: 'string', enum: ['r', 'g'], enumNames: ['Red', 'Green'] },
    sizes: {
      type: 'array',
      items: {
        anyOf: [
          { const: 's', title: 'Small' },
          { const: 'l', title: 'Large' },
        ],
      },
    },
    sure: { type: 'boolean', default: true },
    note: { type: 'string' },
  },
  required: ['name', 'mail', 'age', 'color', 'sizes', 'sure'],
};

function asking(params: object, era: 'legacy' | 'modern' = 'modern'): string[] {
  return inline(
    stdioSpec({ era, tools: [{ name: 'ask', does: { type: 'elicit', params: params as never } }] }),
  );
}

/** The JSON that was printed last. */
function answer({ text }: OnTerminal): unknown {
  const lines = text.replaceAll('\r', '\n');
  const start = lines.lastIndexOf('\n{');
  // What goes on is shown after it, too.
  return JSON.parse(lines.slice(start, lines.indexOf('\n}', start) + 2));
}

describe('plenum: forms on the terminal', () => {
  it.each(['legacy', 'modern'] as const)(
    'every field is asked for by its schema, in the %s era',
    async (era) => {
      const form = { message: 'Who are you?', requestedSchema: schema };
      const terminal = plenumOnTerminal(['call', 'ask', ...asking(form, era)]);
      await terminal.shows('asks: Who are you?');
      await terminal.shows('Your name');
      await terminal.shows('Ada');
      terminal.type(`${BACKSPACE.repeat(3)}G${ENTER}`);
      await terminal.shows('2 characters or more');
      terminal.type(`race${ENTER}`);
      await terminal.shows('mail');
      terminal.type(`grace${ENTER}`);
      await terminal.shows('must be an e-mail address');
      terminal.type(`@example.com${ENTER}`);
      await terminal.shows('age: in years');
      terminal.type(`17${ENTER}`);
      await terminal.shows('must be 18 or more');
      terminal.type(`${BACKSPACE.repeat(2)}45${ENTER}`);
      await terminal.shows('Green');
      terminal.type(DOWN + ENTER);
      await terminal.shows('Large');
      terminal.type(` ${DOWN} ${ENTER}`);
      await terminal.shows('sure');
      terminal.type(ENTER);
      await terminal.shows('note (optional)');
      terminal.type(ENTER);
      await terminal.shows('Yes, send');
      terminal.type(ENTER);
      expect(await terminal.exitCode).toBe(0);
      expect(answer(terminal)).toEqual({
        action: 'accept',
        content: {
          name: 'Grace',
          mail: 'grace@example.com',
          age: 45,
          color: 'g',
          sizes: ['s', 'l'],
          sure: true,
        },
      });
    },
  );

  it('a long form leaves no listeners behind', async () => {
    const names = Array.from({ length: 15 }, (_, index) => `field${index}`);
    const properties = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
    const form = { message: 'All of it', requestedSchema: { type: 'object', properties } };
    const terminal = plenumOnTerminal(['call', 'ask', ...asking(form)]);
    for (const name of names) {
      await terminal.shows(`${name} (optional)`);
      terminal.type(`x${ENTER}`);
    }
    await terminal.shows('Send this');
    terminal.type(ENTER);
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.text).not.toContain('MaxListeners');
  });

  it('can be declined at its end, or left by Escape', async () => {
    const form = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } };
    const declined = plenumOnTerminal(['call', 'ask', ...asking(form)]);
    await declined.shows('No, decline');
    declined.type(DOWN + ENTER);
    expect(await declined.exitCode).toBe(0);
    expect(answer(declined)).toEqual({ action: 'decline' });

    const left = plenumOnTerminal(['call', 'ask', ...asking(form)]);
    await left.shows('No, decline');
    left.type(ESCAPE);
    expect(await left.exitCode).toBe(0);
    expect(answer(left)).toEqual({ action: 'cancel' });
  });

  it('Ctrl-C in a form interrupts the command', async () => {
    const { env, expectNothingLeft } = marked();
    const form = {
      message: 'Who?',
      requestedSchema: { type: 'object', properties: { name: { type: 'string' } } },
    };
    const terminal = plenumOnTerminal(['call', 'ask', ...asking(form)], { env });
    await terminal.shows('name (optional)');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
    await expectNothingLeft();
  });

  it('texts of the server cannot draw on the terminal', async () => {
    const evil = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e';
    const properties = {
      [`n${evil}`]: { type: 'string', title: `T${evil}`, description: `D${evil}` },
      c: { type: 'string', oneOf: [{ const: `v${evil}`, title: `L${evil}` }] },
    };
    const form = { message: `M${evil}`, requestedSchema: { type: 'object', properties, required: ['c'] } };
    const terminal = plenumOnTerminal(['call', 'ask', ...asking(form)]);
    await terminal.shows('(optional)');
    terminal.type(ENTER);
    await terminal.shows('L\\u{1b}');
    terminal.type(ENTER);
    await terminal.shows('Yes, send');
    terminal.type(ENTER);
    expect(await terminal.exitCode).toBe(0);
    for (const bad of ['\u001b[2J', '\u001b]0', '\u0007', '\u009b', '\u202e'])
      expect(terminal.raw).not.toContain(bad);
  });
});

/** A browser that notes what it is started with. */
function browser(): { env: Record<string, string>; opened: () => string[] } {
  const path = newFolder();
  const log = join(path, 'opened');
  writeFileSync(
    join(path, 'xdg-open'),
    `#!/bin/sh\nprintf '%s\\n' "$#" "$@" > '${log}.new'\nmv '${log}.new' '${log}'\n`,
  );
  chmodSync(join(path, 'xdg-open'), 0o755);
  return {
    env: { PATH: [path, process.env['PATH']].join(delimiter) },
    opened: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  };
}

describe.skipIf(process.platform !== 'linux')('plenum: URLs that servers want visited', () => {
  const url = 'https://login.example.com/start?a=$(touch%20x)&b=;`id`';
  const visit = (to: string) => ({ mode: 'url', message: 'Log in', elicitationId: '1', url: to });

  it('are shown whole, with their host, and opened after a yes: one argument, no shell', async () => {
    const { env, opened } = browser();
    const terminal = plenumOnTerminal(['call', 'ask', ...asking(visit(url))], { env });
    await terminal.shows('visit login.example.com');
    await terminal.shows(new URL(url).href);
    await terminal.shows('Open login.example.com in the browser?');
    terminal.type('y');
    expect(await terminal.exitCode).toBe(0);
    expect(answer(terminal)).toMatchObject({ action: 'accept' });
    await eventually('the browser is started', () => opened().length > 0);
    expect(opened()).toEqual(['1', new URL(url).href]);
  });

  it('are not opened after a no, which is the default', async () => {
    const { env, opened } = browser();
    const terminal = plenumOnTerminal(['call', 'ask', ...asking(visit(url))], { env });
    await terminal.shows('in the browser?');
    terminal.type(ENTER);
    expect(await terminal.exitCode).toBe(0);
    expect(answer(terminal)).toEqual({ action: 'decline' });
    expect(opened()).toEqual([]);
  });

  it.each(['file:///etc/passwd', 'javascript:alert(1)', 'vscode://evil', '--help', 'ssh://host'])(
    '%s is never opened, and nobody is asked',
    async (bad) => {
      const { env, opened } = browser();
      // The official client of the modern era refuses what is no URL by itself.
      const terminal = plenumOnTerminal(['call', 'ask', ...asking(visit(bad), 'legacy')], { env });
      await terminal.exitCode;
      expect(terminal.text).not.toContain('in the browser?');
      expect(terminal.text).not.toContain('"accept"');
      expect(opened()).toEqual([]);
    },
  );

  it('that a refused call names are offered, too', async () => {
    const { env, opened } = browser();
    const data = { elicitations: [{ mode: 'url', elicitationId: '1', message: 'Log in', url }] };
    const server = stdioSpec({
      tools: [{ name: 'x', does: { type: 'rpcError', code: -32042, message: 'v', data } }],
    });
    const terminal = plenumOnTerminal(['call', 'x', ...inline(server)], { env });
    await terminal.shows('in the browser?');
    terminal.type('y');
    await terminal.shows('call again');
    expect(await terminal.exitCode).toBe(1);
    await eventually('the browser is started', () => opened().length > 0);
  });
});

describe('plenum: progress on the terminal', () => {
  it('shows the bar that the server reports, and takes it away again', async () => {
    const server = stdioSpec({
      startDelayMs: 800,
      tools: [{ name: 'work', does: { type: 'progress', steps: 8, everyMs: 150 } }],
    });
    const terminal = plenumOnTerminal(['call', 'work', ...inline(server)]);
    await terminal.shows('Connecting to');
    await terminal.shows('work ████');
    await terminal.shows('step 6 of 8');
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.raw).toContain('\r\u001b[2K{}\r\n');
  });

  it('a hostile message stays in its line', async () => {
    const { expectNothingLeft, env } = marked();
    const script = {
      era: 'legacy' as const,
      name: 'x\u001b[31m',
      tools: [{ name: 't\u001b[2J', does: { type: 'slow' as const, ms: 600 } }],
    };
    const terminal = plenumOnTerminal(['call', 't\u001b[2J', ...inline(stdioSpec(script))], { env });
    await terminal.shows('t\\u{1b}[2J');
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.raw).not.toContain('\u001b[2J');
    await expectNothingLeft();
  });
});

describe('plenum: colors', () => {
  const config = () => configFile({ one: stdioSpec(), broken: { command: 'no-such-command-here' } });
  const color = /\u001b\[3\dm/;

  it('are there on a terminal', async () => {
    const terminal = plenumOnTerminal(['servers', '-c', config()]);
    await terminal.exitCode;
    expect(terminal.raw).toMatch(color);
  });

  it.each([
    ['--no-color', ['--no-color'], {}],
    ['NO_COLOR', [], { NO_COLOR: '1' }],
  ] as const)('%s turns them off', async (_, args, env) => {
    const terminal = plenumOnTerminal(['servers', ...args, '-c', config()], { env });
    await terminal.exitCode;
    expect(terminal.text).toContain('ready');
    expect(terminal.raw).not.toMatch(color);
  });

  it('--no-color holds for prompts as well', async () => {
    const form = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } };
    const terminal = plenumOnTerminal(['call', '--no-color', 'ask', ...asking(form)]);
    await terminal.shows('No, decline');
    terminal.type(ENTER);
    await terminal.exitCode;
    expect(terminal.raw).not.toMatch(color);
  });
});

describe('plenum: values that a configuration asks for', () => {
  const inputs = [
    { id: 'region', type: 'pickString', description: 'Which region?', options: ['eu', 'us'] },
    { id: 'token', type: 'promptString', description: 'The token', password: true },
  ];
  const server = { ...stdioSpec({ tools: [{ name: 'whoami', does: { type: 'whoami' } }] }) };
  const config = () =>
    configFile(
      { one: { ...server, env: { REGION: '${input:region}', TOKEN: '${input:token}' } } },
      { inputs },
    );

  it('are asked for on a terminal, secrets hidden', async () => {
    const terminal = plenumOnTerminal(['call', 'one__whoami', '-c', config()]);
    await terminal.shows('Which region?');
    terminal.type(DOWN + ENTER);
    await terminal.shows('The token');
    terminal.type(`s3cret${ENTER}`);
    expect(await terminal.exitCode).toBe(0);
    const [before = ''] = terminal.text.split('"TOKEN"');
    expect(before).not.toContain('s3cret');
    expect(answer(terminal)).toMatchObject({ env: { REGION: 'us', TOKEN: 's3cret' } });
  });

  it('Ctrl-C leaves', async () => {
    const terminal = plenumOnTerminal(['tools', '-c', config()]);
    await terminal.shows('Which region?');
    terminal.type(CTRL_C);
    expect(await terminal.exitCode).toBe(130);
  });
});
