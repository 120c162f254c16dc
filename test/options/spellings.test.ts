import { describe, expect, it } from 'vitest';
import { openSession, SessionGroup, SessionManager } from '../../src/index.ts';
import { encodingOf } from '../../src/internal/encodings.ts';
import { stdioSpec } from '../../src/testing/index.ts';
import { failureOf, thrownBy } from '../support/failures.ts';
import { newSession } from '../support/groups.ts';
import { tools } from '../support/servers.ts';

describe('P7 names of encodings', () => {
  it.each([
    ['utf-8', 'utf-8'],
    ['UTF-8', 'utf-8'],
    ['utf8', 'utf-8'],
    ['Utf_8', 'utf-8'],
    ['Utf-16LE', 'utf-16le'],
    ['utf16le', 'utf-16le'],
    ['UTF-16', 'utf-16le'],
    ['UCS-2', 'utf-16le'],
    ['LATIN1', 'latin1'],
    ['Latin-1', 'latin1'],
    ['ISO-8859-1', 'latin1'],
    ['utf-7', undefined],
    ['utf-16be', undefined],
    ['', undefined],
    ['__proto__', undefined],
  ])('%s is %s', (name, encoding) => expect(encodingOf(name)).toBe(encoding));

  it.each([
    ['UTF-8', 'utf8'],
    ['utf16le', 'utf16le'],
    ['UTF-16LE', 'utf16le'],
    ['Latin-1', 'latin1'],
  ] as const)('a server is spoken to in %s', async (encoding, ofServer) => {
    const session = await newSession({ ...stdioSpec({ tools: tools('x'), encoding: ofServer }), encoding });
    expect((await session.listTools()).tools).toHaveLength(1);
  });

  it('one that is not supported is refused, with those that are', async () => {
    const error = await failureOf(openSession({ command: 'x', encoding: 'utf-7' }));
    expect(error.message).toContain('must be one of "utf-8", "utf-16le", "latin1", not "utf-7"');
  });
});

describe('P7 a command that is a list', () => {
  const cases: [unknown, string][] = [
    [['npx', '-y', 's3cret'], 'write "npx" as "command" and the other 2 as a list in "args"'],
    [['server'], 'write "server" as "command".'],
    [[], 'write the program as "command".'],
    [[5, 'x'], 'write the program as "command" and the other 1'],
  ];

  it.each(cases)('%j gets advice', async (command, advice) => {
    const spec = { command } as never;
    const errors = [
      await failureOf(openSession(spec)),
      await failureOf(SessionGroup.connect({ servers: { s: spec } })),
      thrownBy(() => new SessionManager({ servers: { s: spec } })),
    ];
    for (const { code, message } of errors) {
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toContain(advice);
      expect(message).not.toContain('s3cret');
    }
  });
});

describe('P6 a manager without servers', () => {
  it('opens sessions of specs, and knows no server', async () => {
    const manager = new SessionManager();
    expect(manager.servers.size).toBe(0);
    expect((await failureOf(manager.acquire('x'))).code).toBe('UNKNOWN_SERVER');
    await manager.close();
  });

  it('tells the spec that it was given', async () => {
    const spec = { command: 'x', args: ['y'] };
    const made = (): typeof spec => spec;
    const manager = new SessionManager({ servers: { a: spec, b: made } });
    expect(manager.spec('a')).toBe(spec);
    expect(manager.spec('b')).toBe(made);
    expect(thrownBy(() => manager.spec('c')).code).toBe('UNKNOWN_SERVER');
    expect(thrownBy(() => manager.spec('constructor')).code).toBe('UNKNOWN_SERVER');
    await manager.close();
  });
});

describe('options that only a group heeds', () => {
  const OPTIONS = [{ lazy: true }, { naming: 'bare' }, { allow: ['a'] }, { deny: ['a'] }] as const;

  it.each(OPTIONS)('%j is refused by a session and a manager', async (option) => {
    const spec = { command: 'never-started', ...option };
    const errors = [
      await failureOf(openSession(spec)),
      thrownBy(() => new SessionManager({ servers: { s: spec } })),
      await failureOf(new SessionManager().openSession(spec)),
    ];
    for (const { code, message } of errors) {
      expect(code).toBe('CONFIG_INVALID');
      expect(message).toContain(`"${Object.keys(option).join()}" is for the servers of a SessionGroup`);
    }
  });

  it('"isolation" is for a gateway', async () => {
    const spec = { command: 'never-started', isolation: 'shared' };
    const { code, message } = await failureOf(openSession(spec));
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain('"isolation" is for the servers of a gateway');
  });

  it('of a file: a manager passes over those that change nothing, and refuses filters', () => {
    const file = { warnings: [], broken: {}, disabled: [], path: 'x.json' };
    const lazy = { s: { command: 'x', lazy: true, naming: 'bare', isolation: 'shared' } } as const;
    expect(new SessionManager({ ...file, servers: lazy }).servers.size).toBe(1);
    const denying = { s: { command: 'x', deny: ['*'] } };
    expect(thrownBy(() => new SessionManager({ ...file, servers: denying })).code).toBe('CONFIG_INVALID');
  });
});
