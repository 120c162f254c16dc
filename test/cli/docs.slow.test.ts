import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COMMANDS, GLOBAL_OPTIONS } from '../../src/cli/command-line/command-table.ts';
import { serveHttp } from '../../src/testing/index.ts';
import { startProtected } from '../support/sign-in/protected-server.ts';
import { environment, MAIN, referenceServer } from './support/run-cli.ts';
import { newFolder } from '../support/folders.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/cli.md'), 'utf8');
const BROWSER = resolve(import.meta.dirname, '../auth/support/visit.mjs');
const REMOTE = 'https://mcp.example.com/mcp';

/** The blocks of commands on the page, with the headings that they stand under. */
const blocks = [...page.matchAll(/^## (.+)$|^```sh\n([^]*?)^```/gm)].reduce<
  { under: string; code: string }[]
>((found, [, heading, code]) => {
  const under = heading ?? found.at(-1)?.under ?? 'The first look';
  return [...found, { under, code: code ?? '' }];
}, []);

/** A folder as the page takes it for granted: three public servers, some files, an editor; `plenum` and `npx` on the PATH. */
function place(issues?: string, home?: string): { cwd: string; env: Record<string, string> } {
  const cwd = newFolder();
  const write = (name: string, content: string): void => {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), content);
    if (name.startsWith('bin/')) chmodSync(join(cwd, name), 0o755);
  };
  const servers = {
    everything: referenceServer('everything'),
    files: { ...referenceServer('filesystem', cwd), cwd },
    ...(issues !== undefined && { issues: { url: issues, auth: { type: 'oauth' } } }),
    memory: { ...referenceServer('memory'), env: { MEMORY_FILE_PATH: join(cwd, 'memory.jsonl') } },
  };
  write('plenum.json', JSON.stringify({ mcpServers: servers }));
  write('notes.md', '# Notes\n');
  write('order.json', '{ "a": 1, "b": 2 }');
  write('.cursor/mcp.json', JSON.stringify({ mcpServers: { github: { command: 'github-server' } } }));
  const [entry = ''] = referenceServer('*').args;
  const [before = '', after = ''] = entry.split('*');
  // Watching and serving end when the reader has seen enough.
  write(
    'bin/plenum',
    `#!/bin/bash
if [ "$1" = watch ]; then
  timeout -s INT 4 '${process.execPath}' '${MAIN}' "$@" | tee watched; [ -s watched ]
elif [ "$1" = serve ]; then
  timeout -s INT 4 '${process.execPath}' '${MAIN}' "$@" || [ $? = 124 ]
else
  exec '${process.execPath}' '${MAIN}' "$@"
fi
`,
  );
  // A browser whose user signs in at once.
  for (const opener of ['open', 'xdg-open'])
    write(`bin/${opener}`, `#!/bin/sh\nexec '${process.execPath}' '${BROWSER}' "$1" > /dev/null\n`);
  write(
    'bin/npx',
    `#!/bin/sh\nname=\${2#@modelcontextprotocol/server-}\nexec '${process.execPath}' "${before}$name${after}"\n`,
  );
  return {
    cwd,
    // With a home of its own the project's file is one that has to be agreed to.
    env: environment({ HOME: home ?? cwd, PATH: [join(cwd, 'bin'), process.env['PATH']].join(delimiter) }),
  };
}

describe('docs/cli.md', () => {
  it.each(blocks.filter(({ code }) => code !== ''))('its examples run: $under', async ({ code }) => {
    const greet = {
      name: 'greet',
      inputSchema: { type: 'object', properties: { name: { type: 'string' } } },
    };
    await using server = await serveHttp({ tools: [greet] });
    const issues = code.includes('plenum login') ? (await startProtected()).url : undefined;
    const home = code.includes('plenum trust') ? newFolder() : undefined;
    const script = `set -eo pipefail\n${code.replaceAll(REMOTE, server.url)}`;
    const child = spawn('bash', ['-c', script], {
      ...place(issues, home),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    const [status] = await once(child, 'close');
    expect({
      status,
      errors: errors.replace(
        /^(listening on|This is the only time|Saved|Wrote|Not waited for|Copy some|Already in|To sign in|  http).*\n/gm,
        '',
      ),
    }).toEqual({
      status: 0,
      errors: '',
    });
    if (!code.includes('completion')) expect(output + errors).not.toBe('');
  });

  it('has every command in an example, and its shape with --json', () => {
    const examples = blocks.map(({ code }) => code).join('\n');
    const [, shapes = ''] = page.split('\n## JSON\n');
    for (const { name } of COMMANDS) {
      expect(examples).toMatch(new RegExp(`(^|[(| ])plenum ${name}\\b`, 'm'));
      expect(shapes).toContain(`| \`${name}\``);
    }
  });

  it('has every option', () => {
    const options = [...GLOBAL_OPTIONS, ...COMMANDS.flatMap(({ options: own = [] }) => own)];
    // That one is for the scripts of shells.
    const long = options
      .map(({ flags }) => /--[\w-]+/.exec(flags)?.[0] ?? flags)
      .filter((flag) => flag !== '--servers');
    for (const flag of long) expect(page, flag).toContain(flag);
  });

  it('has every exit code', () => {
    for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130]) expect(page).toMatch(new RegExp(`^\\| ${code} `, 'm'));
  });
});
