import { readFileSync, readdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import {
  findAmbientUses,
  findBarrelImports,
  findCrowdedFolders,
  findCycles,
  findShortFiles,
  findSignalListeners,
  findStrayTestFolders,
  findWrongArrows,
  findWrongPackages,
  type Rooms,
} from './boundary-rules.ts';
import { parseModule, type SourceModule } from './source-module.ts';

const base = ['errors', 'internal', 'options'];
const data = ['server-spec', ...base];
const core = ['session', 'transport', 'schema-check', 'group', 'manager', 'config', 'auth', ...data];

/** The rooms of `src/`, from the ground up. */
const rooms: Rooms = {
  internal: { uses: [], official: 'nothing' },
  errors: { uses: ['internal'], official: 'nothing' },
  options: { uses: ['errors', 'internal'], official: 'nothing' },
  'server-spec': { uses: base, official: 'types' },
  'schema-check': { uses: base, official: 'values' },
  reading: { uses: ['errors', 'internal'], official: 'types' },
  transport: { uses: ['reading', ...data], official: 'values' },
  session: { uses: ['transport', 'reading', 'schema-check', ...data], official: 'values' },
  group: { uses: ['session', ...data], official: 'types' },
  manager: { uses: ['session', ...data], usesTypesOf: { group: ['SessionSource'] }, official: 'types' },
  config: { uses: ['auth', ...data], official: 'types' },
  auth: { uses: data, official: 'values' },
  toolkit: { uses: ['group', 'session', 'schema-check', ...base], official: 'types' },
  gateway: {
    uses: ['group', 'manager', 'session', 'auth', 'toolkit', ...base],
    usesTypesOf: { 'server-spec': 'any' },
    official: 'values',
  },
  trust: { uses: ['group', 'session', 'config', ...data], official: 'types' },
  testing: { uses: base, usesTypesOf: { 'server-spec': 'any' }, official: 'types' },
  index: { uses: core, official: 'types' },
  cli: { uses: ['index', 'toolkit', 'gateway', 'trust', ...core], official: 'types' },
};

const ambient = {
  'process.env': [
    /^(cli|config)\//,
    /^transport\/stdio\/child-environment\.ts$/, // docs/decisions/0001
    /^testing\/[^/]+-process\.ts$/, // a program of its own
  ],
  'process.argv': [/^(cli|config)\//, /^testing\/[^/]+-process\.ts$/],
  console: [/^(cli|config)\//],
};

/** The folders that may have more than `maxFiles` files, each with the reason. */
const crowded = [
  'cli/commands', // a file for each command
  'errors', // a file for each theme
];
const maxFiles = 15;

/** The folders of `test/` that no folder of `src/` stands beside. */
const themes = [
  'chaos',
  'conformance',
  'examples',
  'fixtures',
  'package',
  'support',
  'toolkit/attack', // what hostile servers and models send, through all rooms of the toolkit
  'toolkit/conversation', // whole conversations with each SDK
];

/** Its listener is the one that a signal has; signals that the platform derives would listen, too. */
const signalListeners = /^internal\/limit\.ts$/;

const dependencies = Object.keys({
  ...manifest.dependencies,
  ...('peerDependencies' in manifest ? (manifest.peerDependencies ?? {}) : {}),
});

describe('the source tree', () => {
  const root = resolve(import.meta.dirname, '../../src');
  const modules = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => parseModule(path.replaceAll('\\', '/'), readFileSync(resolve(root, path), 'utf8')));
  const foldersOf = (path: string): string[] =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(path, resolve(entry.parentPath, entry.name)).replaceAll('\\', '/'));

  it('has files to look at', () => {
    expect(modules.length).toBeGreaterThan(0);
    expect(modules.some((module) => module.imports.length > 0)).toBe(true);
  });

  it('imports along the arrows of the table only', () => {
    expect(findWrongArrows(modules, rooms)).toEqual([]);
  });

  it('has no import cycle, be it of types only', () => {
    expect(findCycles(modules)).toEqual([]);
  });

  it('names files, not barrels, across rooms', () => {
    expect(findBarrelImports(modules)).toEqual([]);
  });

  it('loads the official packages in their rooms only, and nothing undeclared', () => {
    expect(findWrongPackages(modules, rooms, dependencies)).toEqual([]);
  });

  it('leaves environment, arguments and console to the command line and to config', () => {
    expect(findAmbientUses(modules, ambient)).toEqual([]);
  });

  it('listens to signals in one file', () => {
    expect(findSignalListeners(modules, signalListeners)).toEqual([]);
  });

  it(`has no folder of more than ${maxFiles} files, but for those of like things`, () => {
    expect(findCrowdedFolders(modules, maxFiles, crowded)).toEqual([]);
  });

  it('has few files of fewer than 40 lines', () => {
    expect(findShortFiles(modules, 40, 0.2)).toEqual([]);
  });

  it('is mirrored by the folders of the tests', () => {
    const tests = resolve(import.meta.dirname, '..');
    expect(findStrayTestFolders(foldersOf(tests), foldersOf(root), themes)).toEqual([]);
  });
});

describe('the table of rooms', () => {
  it('points down only', () => {
    const asModules = Object.entries(rooms).map(([name, room]) =>
      parseModule(
        `${name}.ts`,
        [...room.uses, ...Object.keys(room.usesTypesOf ?? {})].map((to) => `import './${to}.ts';`).join('\n'),
      ),
    );
    expect(findCycles(asModules)).toEqual([]);
    expect(findWrongArrows(asModules, rooms).filter((line) => line.includes('not a file'))).toEqual([]);
  });
});

/** Parses a small made-up source tree. */
function tree(files: Record<string, string>): SourceModule[] {
  return Object.entries(files).map(([path, text]) => parseModule(path, text));
}

describe('the rule on arrows', () => {
  it.each([
    ['a value', "import { Session } from '../session/session.ts';"],
    ['a type', "import type { Session } from '../session/session.ts';"],
    ['a type in an expression', "let session: import('../session/session.ts').Session;"],
    ['a side effect', "import '../session/session.ts';"],
    ['a re-export', "export { Session } from '../session/session.ts';"],
    ['a re-exported type', "export type * from '../session/session.ts';"],
    ['a dynamic import', "await import('../session/session.ts');"],
  ])('refuses an arrow that points up: %s', (_, text) => {
    const modules = tree({ 'transport/a.ts': `\n${text}`, 'session/session.ts': '' });
    expect(findWrongArrows(modules, rooms)).toEqual(['transport/a.ts:2: transport may not import session']);
  });

  it('accepts arrows that point down, and imports inside a room', () => {
    const modules = tree({
      'session/a.ts': "import '../transport/b.ts'; import '../errors.ts'; import './c.ts'; import 'node:fs';",
      'session/c.ts': '',
      'transport/b.ts': '',
      'errors.ts': '',
    });
    expect(findWrongArrows(modules, rooms)).toEqual([]);
  });

  it('does not take comments and strings for imports', () => {
    const text =
      "// import '../session/a.ts'\nconst text = `import '../session/a.ts'`;\n/** from '../session/a.ts' */";
    expect(findWrongArrows(tree({ 'internal/a.ts': text }), rooms)).toEqual([]);
  });

  it('lets types through where the table says types, and values not', () => {
    const modules = tree({
      'testing/a.ts': "import type { ServerSpec } from '../server-spec.ts';",
      'testing/b.ts': "import { specKind } from '../server-spec.ts';",
      'testing/c.ts': "import { type ServerSpec } from '../server-spec.ts';",
      'server-spec.ts': '',
    });
    expect(findWrongArrows(modules, rooms)).toEqual([
      'testing/b.ts:1: testing may import types only from server-spec',
      'testing/c.ts:1: testing may import types only from server-spec',
    ]);
  });

  it('lets only the named types through where the table names them', () => {
    const modules = tree({
      'manager/a.ts': "import type { SessionSource } from '../group/a.ts';",
      'manager/b.ts': "import type { SessionSource as Source, Catalog } from '../group/a.ts';",
      'manager/c.ts': "import type * as group from '../group/a.ts';",
      'group/a.ts': '',
    });
    expect(findWrongArrows(modules, rooms)).toEqual([
      'manager/b.ts:1: manager may not import the type Catalog from group',
      'manager/c.ts:1: manager may not import the type * from group',
    ]);
  });

  it('refuses a room that is not in the table', () => {
    expect(findWrongArrows(tree({ 'attic/a.ts': '' }), rooms)).toEqual([
      "attic/a.ts: the room 'attic' is not in the table",
    ]);
  });

  it('refuses an import of a file that is not there', () => {
    expect(findWrongArrows(tree({ 'group/a.ts': "import './b.js';" }), rooms)).toEqual([
      'group/a.ts:1: ./b.js is not a file of src',
    ]);
  });
});

describe('the rule on cycles', () => {
  it('finds a cycle of several files once, wherever it is entered', () => {
    const modules = tree({
      'index.ts': "import './group/a.ts';",
      'group/a.ts': "import './b.ts';",
      'group/b.ts': "export { a } from './c.ts';",
      'group/c.ts': "await import('./a.ts');",
    });
    expect(findCycles(modules)).toEqual(['group/a.ts → group/b.ts → group/c.ts → group/a.ts']);
  });

  it('finds a file that imports itself', () => {
    expect(findCycles(tree({ 'errors.ts': "import './errors.ts';" }))).toEqual(['errors.ts → errors.ts']);
  });

  it('counts imports of types, inside a room and across rooms', () => {
    const type = (path: string) => `import type { a } from '${path}';`;
    expect(
      findCycles(tree({ 'group/a.ts': "import { a } from './b.ts';", 'group/b.ts': type('./a.ts') })),
    ).toEqual(['group/a.ts → group/b.ts → group/a.ts']);
    expect(
      findCycles(tree({ 'group/a.ts': type('../errors.ts'), 'errors.ts': type('./group/a.ts') })),
    ).toEqual(['group/a.ts → errors.ts → group/a.ts']);
  });

  it('does not take two ways to one file for a cycle', () => {
    const modules = tree({
      'group/a.ts': "import './b.ts'; import './c.ts';",
      'group/b.ts': "import './d.ts';",
      'group/c.ts': "import './d.ts';",
      'group/d.ts': '',
    });
    expect(findCycles(modules)).toEqual([]);
  });
});

describe('the rule on barrels', () => {
  it("refuses another room's index.ts, and leaves it to the package's own", () => {
    const modules = tree({
      'cli/a.ts': "import '../testing/index.ts'; import '../index.ts';",
      'index.ts': "export * from './testing/index.ts';",
      'testing/a.ts': "import './index.ts';",
      'testing/index.ts': '',
    });
    expect(findBarrelImports(modules)).toEqual(['cli/a.ts:1: imports the barrel testing/index.ts']);
  });
});

describe('the rule on packages', () => {
  const declared = ['@modelcontextprotocol/client', 'ws'];
  const loads = "import { Client } from '@modelcontextprotocol/client';";
  const names = "import type { Client } from '@modelcontextprotocol/client/stdio';";

  it('keeps official code in its rooms, and lets types travel', () => {
    const modules = tree({
      'transport/a.ts': loads,
      'session/a.ts': loads,
      'auth/a.ts': loads,
      'group/a.ts': names,
      'group/b.ts': `\n${loads}`,
      'group/c.ts': loads.replace('{ Client }', '{ type Client }'),
    });
    expect(findWrongPackages(modules, rooms, declared)).toEqual([
      'group/b.ts:2: may import types from @modelcontextprotocol/client',
      'group/c.ts:1: may import types from @modelcontextprotocol/client',
    ]);
  });

  it('lets the ground rooms know nothing of MCP', () => {
    expect(findWrongPackages(tree({ 'internal/a.ts': names }), rooms, declared)).toEqual([
      'internal/a.ts:1: may import nothing from @modelcontextprotocol/client',
    ]);
  });

  it('refuses a package that users would not have', () => {
    const modules = tree({
      'transport/a.ts': "import 'ws/lib/x.js'; import type { Hono } from 'hono'; import 'node:fs';",
      'transport/b.ts': "import '#ws'; import '#hono';",
    });
    expect(findWrongPackages(modules, rooms, declared)).toEqual([
      'transport/a.ts:1: hono is not among the dependencies',
      'transport/b.ts:1: hono is not among the dependencies',
    ]);
  });
});

describe('the rule on ambient state', () => {
  it.each([
    ['process.env', 'process.env.HOME'],
    ['process.env', "process['env']"],
    ['process.env', 'globalThis.process?.env'],
    ['process.env', 'const { env } = process'],
    ['process.env', "import { env as e } from 'node:process'"],
    ['process.argv', 'process.argv.slice(2)'],
    ['console', 'console.error(1)'],
    ['console', 'globalThis.console.log(1)'],
    ['console', 'start({ log: console })'],
    ['console', 'const { log } = console'],
  ])('finds %s in: %s', (name, text) => {
    expect(findAmbientUses(tree({ 'group/a.ts': text }), ambient)).toEqual([`group/a.ts:1: uses ${name}`]);
  });

  it.each([
    'spec.env',
    'const { env } = spec',
    'child.argv',
    'process.platform',
    'options.console',
    'const options = { console: 1 }',
    '// console.log(process.env)',
    "const text = 'process.env'",
  ])('finds nothing in: %s', (text) => {
    expect(findAmbientUses(tree({ 'group/a.ts': text }), ambient)).toEqual([]);
  });

  it('allows the files that are named, and each its own', () => {
    const text = 'process.env; process.argv; console;';
    const modules = tree({
      'cli/a.ts': text,
      'config/a.ts': text,
      'transport/stdio/child-environment.ts': text,
      'testing/server-process.ts': text,
    });
    expect(findAmbientUses(modules, ambient)).toEqual([
      'transport/stdio/child-environment.ts:1: uses process.argv',
      'transport/stdio/child-environment.ts:1: uses console',
      'testing/server-process.ts:1: uses console',
    ]);
  });
});

describe('the rule on signals', () => {
  it.each([
    "signal.addEventListener('abort', end)",
    "signal?.addEventListener('abort', end, { once: true })",
    "options.signal['addEventListener'](`abort`, end)",
    'signal.onabort = end',
    'options.signal.onabort ??= end',
    'AbortSignal.any([signal, other])',
    'const limit = globalThis.AbortSignal.timeout(1000)',
  ])('finds a listener in: %s', (text) => {
    expect(findSignalListeners(tree({ 'group/a.ts': `\n${text};` }), signalListeners)).toEqual([
      'group/a.ts:2: listens to a signal. Use internal/limit.ts',
    ]);
  });

  it.each([
    "socket.addEventListener('close', end)",
    'socket.addEventListener(event, end)',
    "signal.removeEventListener('abort', end)",
    'onAbort(signal, end)',
    'const handlers = { onabort: end }',
    'AbortSignal.abort()',
    'Promise.any(work)',
    'options.timeout(1000)',
    "// signal.addEventListener('abort', end)",
  ])('finds nothing in: %s', (text) => {
    expect(findSignalListeners(tree({ 'group/a.ts': text }), signalListeners)).toEqual([]);
  });

  it('allows the file of the one listener', () => {
    const modules = tree({ 'internal/limit.ts': "signal.addEventListener('abort', fire);" });
    expect(findSignalListeners(modules, signalListeners)).toEqual([]);
  });
});

describe('the rule on folders', () => {
  it('counts the files of a folder itself, and lets the exempt ones be', () => {
    const modules = tree({
      'group/a.ts': '',
      'group/b.ts': '',
      'group/cache/a.ts': '',
      'group/cache/b.ts': '',
      'group/cache/c.ts': '',
      'cli/commands/a.ts': '',
      'cli/commands/b.ts': '',
      'cli/commands/c.ts': '',
    });
    expect(findCrowdedFolders(modules, 2, ['cli/commands'])).toEqual(['group/cache: 3 files, more than 2']);
  });
});

describe('the rule on short files', () => {
  const modules = tree({
    'group/a.ts': ';\n'.repeat(3),
    'group/b.ts': ';\n'.repeat(2),
    'group/c.ts': ';\n'.repeat(4),
    'group/d.ts': ';\n'.repeat(5),
  });

  it('names them when they are too many, the shortest first', () => {
    expect(findShortFiles(modules, 4, 0.5)).toEqual(['group/b.ts: 2 lines', 'group/a.ts: 3 lines']);
  });

  it('allows some', () => {
    expect(findShortFiles(modules, 3, 0.5)).toEqual([]);
  });
});

describe('the rule on the folders of tests', () => {
  it('refuses a folder that src does not have, and one below it', () => {
    const found = findStrayTestFolders(
      ['group', 'group/cache', 'group/attic', 'group/attic/support', 'chaos', 'chaos/users', 'chaotic'],
      ['group', 'group/cache'],
      ['chaos'],
    );
    expect(found).toEqual(['group/attic', 'chaotic']);
  });
});
