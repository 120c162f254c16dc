import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/index.ts';
import { folderWith } from '../support/files.ts';
import { load, loadServers, problemsOf, refusalOf } from '../support/loading.ts';

const env = {
  NAME: 'value',
  EMPTY: '',
  TEMPLATE: '${NAME} $${NAME}',
  'ProgramFiles(x86)': 'C:/Programs',
  HOME: '/home/me',
  USERPROFILE: '/home/me',
};

/** What a text becomes as an argument of a server. */
async function expanded(text: string): Promise<string | undefined> {
  const { servers } = await loadServers({ a: { command: 'a', args: [text] } }, { env });
  const server = servers['a'];
  return server !== undefined && 'args' in server ? server.args?.[0] : undefined;
}

describe('expansion of a text', () => {
  it.each([
    ['nothing to do', 'nothing to do'],
    ['${NAME}', 'value'],
    ['${env:NAME}', 'value'],
    ['a ${NAME} b ${NAME}', 'a value b value'],
    ['${UNSET:-default}', 'default'],
    ['${env:UNSET:-default}', 'default'],
    ['${NAME:-default}', 'value'],
    ['${EMPTY:-default}', 'default'],
    ['${EMPTY}', ''],
    ['${UNSET:-}', ''],
    ['${UNSET:-a:-b}', 'a:-b'],
    ['${UNSET:-${NAME}}', 'value'],
    ['${UNSET:-${UNSET:-inner}} outer', 'inner outer'],
    ['${NAME:-${UNSET}}', 'value'],
    ['${UNSET:-{"json":1}}', '{"json":1}'],
    ['${env:ProgramFiles(x86)}', 'C:/Programs'],
    ['${userHome}/x', '/home/me/x'],
    ['$${NAME}', '${NAME}'],
    ['${UNSET:-$${NAME}}', '${NAME}'],
    ['$$${NAME}', '$${NAME}'],
    ['$NAME ${NAME}$ $$', '$NAME value$ $$'],
    ['} $ {NAME} $(NAME) `NAME`', '} $ {NAME} $(NAME) `NAME`'],
  ])('%s', async (text, result) => {
    expect(await expanded(text)).toBe(result);
  });

  it('a value is never expanded again', async () => {
    expect(await expanded('${TEMPLATE}')).toBe('${NAME} $${NAME}');
    expect(await expanded('${UNSET:-${TEMPLATE}}')).toBe('${NAME} $${NAME}');
  });

  it.each([
    ['${UNSET}', 'needs the environment variable UNSET, which is not set'],
    ['${env:UNSET}', 'needs the environment variable UNSET, which is not set'],
    ['${UNSET:-${ALSO_UNSET}}', 'needs the environment variable ALSO_UNSET'],
    ['${constructor}', 'needs the environment variable constructor'],
    ['${__proto__}', 'needs the environment variable __proto__'],
    ['a ${NAME', 'has a "${" without its "}"'],
    ['${UNSET:-${NAME}', 'has a "${" without its "}"'],
    ['${}', 'has "${}", allowed ${VAR}'],
    ['${a b}', 'has "${a b}", allowed ${VAR}'],
    ['${env:}', 'has "${env:}", allowed ${VAR}'],
    ['${workspaceFolder:api}', 'has "${workspaceFolder:api}", allowed ${VAR}'],
    ['${command:pick}', 'has "${command:pick}", but nothing is run or read to get a value'],
    ['${file:/etc/passwd}', 'has "${file:/etc/passwd}", but nothing is run or read to get a value'],
  ])('refuses %s', async (text, message) => {
    const problems = await problemsOf(loadServers({ a: { command: 'a', args: [text] } }, { env }));
    expect(problems).toEqual([expect.stringContaining(`mcpServers.a.args[0]: ${message}`)]);
  });
});

it('defaults inside defaults without end are refused', async () => {
  const text = '${A:-'.repeat(50_000) + '}'.repeat(50_000);
  expect(await problemsOf(loadServers({ a: { command: 'a', args: [text] } }))).toEqual([
    'mcpServers.a.args[0]: has more than 20 defaults inside each other',
  ]);
});

describe('what is expanded', () => {
  it('every text of a server and of the group, at any depth', async () => {
    const variables = {
      N: 'bare',
      U: 'https://a.example.com',
      H: 'h',
      T: 't',
      C: 'cmd',
      D: 'dir',
      G: 'glob',
      P: 'legacy',
    };
    const config = await load(
      {
        mcpServers: {
          a: { url: '${U}/mcp', headers: { X: '${H}' }, naming: '${N}', type: '${UNSET:-http}' },
          b: { command: '${C}', args: ['${H}'], env: { T: '${T}' }, cwd: '/${D}', allow: ['${G}*'] },
        },
        plenum: { protocol: '${P}' },
      },
      { env: variables },
    );
    expect(config.servers).toEqual({
      a: { url: 'https://a.example.com/mcp', headers: { X: 'h' }, naming: 'bare', type: 'http' },
      b: {
        command: 'cmd',
        args: ['h'],
        env: { T: 't' },
        cwd: expect.stringMatching(/dir$/),
        allow: ['glob*'],
      },
    });
    expect(config.protocol).toBe('legacy');
  });

  it('not names of properties, foreign keys, and servers that are disabled', async () => {
    const { servers } = await loadServers({
      a: { command: 'a', env: { '${X}': 'x' }, description: 'uses ${X}', autoApprove: ['${X}'] },
      off: { command: '${X}', disabled: true },
    });
    expect(servers).toEqual({ a: { command: 'a', env: { '${X}': 'x' } } });
  });

  it('an unset variable names the server and the field', async () => {
    const error = await refusalOf(
      loadServers({ github: { command: 'gh', env: { GITHUB_TOKEN: '${GITHUB_TOKEN}' } } }),
    );
    expect(error.server).toBe('github');
    expect(error.message).toMatch(
      /plenum\.json:6:25 mcpServers\.github\.env\.GITHUB_TOKEN: needs the environment variable GITHUB_TOKEN/,
    );
  });
});

describe('relative paths', () => {
  it.each([
    ['plenum.json', '.'],
    ['.vscode/mcp.json', '.'],
    ['.cursor/mcp.json', '.'],
    ['conf/plenum.json', 'conf'],
  ])('in %s start from the folder that it is for', async (name, base) => {
    const server = { command: './bin/run', cwd: 'data', args: ['./as-it-is', '${workspaceFolder}'] };
    const parent = { command: '../run', cwd: '/abs' };
    const plain = { command: 'bin/run' };
    const folder = folderWith({ [name]: { mcpServers: { server, parent, plain } } });
    const { servers } = await loadConfig({ path: join(folder, name), env: {} });
    const workspace = join(folder, base);
    expect(servers).toEqual({
      server: {
        command: join(workspace, 'bin/run'),
        cwd: join(workspace, 'data'),
        args: ['./as-it-is', workspace],
      },
      parent: { command: join(workspace, '../run'), cwd: '/abs' },
      plain: { command: 'bin/run', cwd: workspace },
    });
  });
});

describe('secrets', () => {
  it('what a variable holds is in no message, wherever it lands', async () => {
    const secret = 'hunter2-very-secret';
    const places = {
      a: { url: '${S}' },
      b: { url: 'https://me:${S}@b.example.com/' },
      c: { url: 'https://c.example.com', type: '${S}' },
      d: { command: 'd', timeoutMs: '${S}' },
      e: { command: 'e', envFile: '${S}' },
      f: { url: 'https://f.example.com', auth: { type: '${S}' } },
      g: { command: 'g', naming: '${S}', protocol: 'x${S}' },
    };
    const error = await refusalOf(
      load({ mcpServers: places, plenum: { naming: '${S}' } }, { env: { S: secret } }),
    );
    expect((error.data as { problems: unknown[] }).problems.length).toBeGreaterThanOrEqual(9);
    expect(JSON.stringify(error)).not.toContain(secret);
  });

  it('nor is what stands in the wrong field of the file', async () => {
    const error = await refusalOf(
      loadServers({ a: { command: 'a', timeoutMs: 'tok-123', args: 'tok-123', env: 'tok-123' } }),
    );
    expect(JSON.stringify(error)).not.toContain('tok-123');
  });
});
