import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consentText, type ConsentRequest, type ConsentServer } from '../../../src/trust/index.ts';

const SERVER: ConsentServer = {
  name: 'desk',
  change: 'new',
  disabled: false,
  headers: [],
  env: [],
  variables: [],
  others: [],
};

function request(servers: Partial<ConsentServer>[], more: Partial<ConsentRequest> = {}): ConsentRequest {
  return {
    path: '/project/.mcp.json',
    folder: '/project',
    servers: servers.map((server) => ({ ...SERVER, ...server })),
    sections: [],
    isReload: false,
    digest: 'd',
    ...more,
  };
}

/** The lines between the introduction and the summary. */
function body(given: ConsentRequest): string[] {
  return consentText(given).split('\n').slice(2, -2);
}

/** What a terminal obeys, or nobody sees. */
const UNSEEN = /[^\n\P{C}]|[\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|[^\S \n]/u;

describe('what is asked', () => {
  it('shows commands, URLs, names of headers and variables, and no values', () => {
    const text = consentText(
      request([
        {
          command: ['npx', '-y', 'a server'],
          cwd: '..',
          env: ['NODE_OPTIONS'],
          envFile: '.env',
          variables: ['TOKEN'],
        },
        {
          name: 'web',
          url: 'https://example.com/mcp',
          headers: ['X-Key'],
          proxy: 'http://proxy:1',
          variables: ['KEY'],
        },
      ]),
    );
    expect(text.split('\n')).toEqual([
      'This project has a configuration that nobody has agreed to: /project/.mcp.json',
      'If you agree, these may be started, connected to and given your variables:',
      '  desk',
      '    runs      npx -y "a server"',
      '    in        ..',
      '    sets      NODE_OPTIONS',
      '    reads     .env',
      '    gets      your variable TOKEN',
      '  web',
      '    connects  https://example.com/mcp',
      '    through   http://proxy:1',
      '    headers   X-Key',
      '    gets      your variable KEY',
      'In all 1 command and 1 URL; they get your variables KEY, TOKEN.',
      expect.stringContaining('It does not cover what these commands run themselves'),
    ]);
  });

  it('says that a server gets the whole environment', () => {
    expect(body(request([{ command: ['a'], variables: ['*'] }]))).toContain(
      '    gets      all variables of your environment',
    );
  });

  it.each([
    ['https://github.com@evil.example/', 'the host is evil.example'],
    ['https://github.com:x@evil.example/${A}', 'the host is evil.example'],
    ['https://gіthub.com/mcp', 'the host is xn--gthub-n2e.com'],
    ['https://github.com\\@evil.example/', 'the host is github.com'],
    ['https://0x7f.1/', 'the host is 127.0.0.1'],
    ['https://${HOST}/mcp', 'the host depends on variables'],
    ['https://a.${HOST:-evil.example}/mcp', 'the host depends on variables'],
    ['${URL}', 'the host depends on variables'],
  ])('says where %s leads', (url, host) => {
    expect(body(request([{ url }])).join('\n')).toContain(host);
  });

  it.each([
    'https://example.com/mcp',
    'http://127.0.0.1:8080/a?b=${C}',
    'wss://x.example/',
    'HTTPS://Example.com',
  ])('shows %s as it is', (url) => {
    expect(body(request([{ url }]))[1]).toBe(`    connects  ${url}`);
  });

  it('shows of a change what was there and what is there', () => {
    const changed = {
      change: 'changed',
      command: ['node', 'b.js'],
      cwd: 'x',
      beforeLines: ['runs      node a.js', 'in        x'],
    } as const;
    const given = request(
      [changed, { name: 'fresh', command: ['c'] }, { name: 'kept', change: 'same', command: ['d'] }],
      { before: { agreedAt: '2026-01-02T03:04:05Z', removed: ['old'] } },
    );
    expect(consentText(given)).toContain('has changed since 2026-01-02T03:04:05Z');
    expect(body(given)).toEqual([
      '  desk (changed)',
      '    - runs      node a.js',
      '    + runs      node b.js',
      '      in        x',
      '  fresh (new)',
      '    runs      c',
      '  gone: old',
      '  as before: kept',
    ]);
  });

  it('says that something changed that is not shown', () => {
    const given = request([{ change: 'changed', command: ['a'], beforeLines: ['runs      a'] }], {
      before: { agreedAt: 'then', removed: [] },
    });
    expect(body(given)).toContain('    + values that are not shown');
  });
});

describe('what a hostile file cannot do', () => {
  it('hide an argument behind blanks, or make a line of its own', () => {
    const hidden = `x${'\n'.repeat(500)}rm`;
    expect(body(request([{ command: ['sh', '-c', hidden] }]))[1]).toBe(
      '    runs      sh -c "x⟨500 blanks⟩rm"',
    );
    expect(body(request([{ name: 'a\n  b\n    runs ls', command: ['x'] }]))).toHaveLength(2);
  });

  it('pass something for what was left out', () => {
    expect(body(request([{ command: ['⟨9 blanks⟩'] }]))[1]).toContain('\\u{27e8}9 blanks\\u{27e9}');
  });

  it('make the question long: 100,000 servers', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ name: `s${index}`, command: ['x'] }));
    const lines = consentText(request(many)).split('\n');
    expect(lines.length).toBeLessThan(60);
    expect(lines).toContain('  … and 99,980 more, which are not shown: "plenum trust --show" shows all.');
    expect(lines.at(-2)).toBe('In all 100,000 commands and 0 URLs; they get none of your variables.');
    expect(consentText(request(many), { servers: Infinity })).toContain('s99999');
  });

  it('make the question long: texts of a megabyte, and lists of 10,000', () => {
    const long = 'x'.repeat(1_000_000);
    const list = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
    const given = {
      name: long,
      command: [long, ...list, 'last'],
      cwd: long,
      envFile: long,
      headers: list,
      env: list,
      variables: list,
      others: list.map((name) => [name, long] as const),
    };
    const text = consentText(
      request([given, { url: long }], {
        sections: [{ name: long, change: 'new', json: long, variables: list }],
      }),
    );
    expect(text.length).toBeLessThan(20_000);
    expect(text.split('\n').length).toBeLessThan(60);
    expect(text).toMatch(/runs .*⟨[\d,]+ characters⟩.*⟨[\d,]+ more arguments⟩ .*last/);
  });

  it('show anything that a terminal obeys or nobody sees, wherever it stands', () => {
    const nasty = fc.string({
      unit: fc.oneof(
        fc.constantFrom(
          '\u001b[2J',
          '\r',
          '\n',
          '\t',
          '\u0000',
          '\u202e',
          '\u2066',
          '\u200b',
          '\u00a0',
          '\u3164',
          '\u2028',
          '\u{e0041}',
          '\ud800',
          '⟨',
        ),
        fc.string({ unit: 'binary', maxLength: 3 }),
      ),
      maxLength: 40,
    });
    const words = fc.array(nasty, { maxLength: 4 });
    const server = fc.record({
      name: nasty,
      change: fc.constantFrom('new', 'changed', 'same'),
      disabled: fc.boolean(),
      command: words,
      cwd: nasty,
      envFile: nasty,
      url: nasty,
      proxy: nasty,
      headers: words,
      env: words,
      variables: words,
      others: fc.array(fc.tuple(nasty, nasty), { maxLength: 3 }),
    });
    const sections = fc.array(
      fc.record({ name: nasty, change: fc.constant('new'), json: nasty, variables: words }),
      { maxLength: 2 },
    );
    fc.assert(
      fc.property(fc.array(server, { maxLength: 3 }), sections, nasty, (servers, given, path) => {
        const text = consentText(
          request(servers, {
            path,
            sections: given,
          }),
        );
        expect(text).not.toMatch(UNSEEN);
        expect(text.split('\n').length).toBeLessThan(4 + 3 * 14 + 2 * 2 + 3);
      }),
    );
  });
});
