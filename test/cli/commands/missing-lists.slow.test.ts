import { describe, expect, it } from 'vitest';
import type { ListKind, ServerScript } from '../../../src/testing/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile, plenum, plenumJson } from '../support/run-cli.ts';

const EVERYTHING: ServerScript = {
  tools: [{ name: 'echo' }],
  prompts: [{ name: 'p' }],
  resources: [{ uri: 'r:1' }],
  resourceTemplates: [{ uriTemplate: 'r:{id}' }],
};

const good = stdioSpec({ ...EVERYTHING, resources: [{ uri: 'g:1' }], resourceTemplates: [] });

const METHODS: Readonly<Record<ListKind, string>> = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
};
const KINDS: readonly ListKind[] = ['tools', 'resources', 'resourceTemplates', 'prompts'];

function withList(kind: ListKind, code: number, message: string): string {
  const bad = stdioSpec({ ...EVERYTHING, faults: { refuse: { [METHODS[kind]]: { code, message } } } });
  return configFile({ good, bad });
}

/** Whether a command prints entries of this kind. */
function shows(command: string, kind: ListKind): boolean {
  if (command === 'types') return kind === 'tools';
  return command === kind || (command === 'resources' && kind === 'resourceTemplates');
}

describe('L2 a server one of whose lists fails', () => {
  it.each(KINDS)('%s: servers shows it, and the others as they are', async (kind) => {
    const config = withList(kind, -32_603, 'the list is broken');
    const { exitCode, stdout, stderr } = await plenum(['servers', '-c', config]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('the list is broken');
    expect(stdout).toMatch(/good\s+ready\s.*\s1\s+1\s+1\s/);
    if (kind !== 'resourceTemplates') expect(stdout).toMatch(/bad\s+ready\s.*failed/);
    const [, bad] = (await plenumJson(['servers', '-c', config])) as [unknown, Record<string, unknown>];
    expect(bad).toMatchObject({
      name: 'bad',
      state: 'ready',
      listErrors: {
        [kind]: { code: 'PROTOCOL', server: 'bad', message: expect.stringContaining('the list is broken') },
      },
      ...(kind !== 'resourceTemplates' && { [kind]: null }),
    });
  });

  it('tools tells of it, with --json by server and kind', async () => {
    const config = withList('tools', -32_603, 'the list is broken');
    const { exitCode, stdout, stderr } = await plenum(['tools', '--json', '-c', config]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'good__echo' }]);
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'PROTOCOL', server: 'bad', list: 'tools' } });
  });

  const OTHERS = KINDS.flatMap((kind) =>
    ['tools', 'resources', 'prompts', 'types']
      .filter((command) => !shows(command, kind))
      .map((command) => ({ kind, command })),
  );

  it.each(OTHERS)(
    '$command does not need the list of $kind, and says nothing of it',
    async ({ kind, command }) => {
      const config = withList(kind, -32_603, 'the list is broken');
      for (const json of [[], ['--json']]) {
        const { exitCode, stdout, stderr } = await plenum([command, '-c', config, ...json]);
        expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
        expect(stdout).toContain('bad');
      }
    },
  );

  const SHOWN = KINDS.map((kind) => ({ kind, command: kind === 'resourceTemplates' ? 'resources' : kind }));

  it.each([...SHOWN, { kind: 'tools' as const, command: 'types' }])(
    '$command shows the $kind of the others, and says which are missing',
    async ({ kind, command }) => {
      const config = withList(kind, -32_603, 'the list is broken');
      const { exitCode, stdout, stderr } = await plenum([command, '-c', config]);
      expect(exitCode).toBe(1);
      expect(stdout).toContain(command === 'resources' ? 'g:1' : 'good__');
      expect(stderr).toContain('server "bad"');
    },
  );

  it('a call of a tool of it says why the tool is not known, and one of the other server works', async () => {
    const config = withList('tools', -32_603, 'the list is broken');
    const lost = await plenum(['call', 'bad__echo', '-c', config]);
    expect(lost).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('the list is broken') });
    expect(await plenum(['call', 'good__echo', '-c', config])).toMatchObject({ exitCode: 0 });
    const typo = await plenum(['call', 'good__ecco', '-c', config]);
    expect(typo).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('good__echo') });
  });

  it('doctor names it', async () => {
    const config = withList('prompts', -32_603, 'the list is broken');
    const report = await plenumJson(['doctor', '-c', config]);
    expect(report).toMatchObject([
      { server: 'good', ok: true, findings: [] },
      { server: 'bad', ok: false, findings: [{ code: 'list-failed' }] },
    ]);
  });
});

describe('L3 a server that does not have the method of a list', () => {
  it.each(KINDS)('%s: has none of them, and nothing is wrong', async (kind) => {
    const config = withList(kind, -32_601, 'Method not found');
    const servers = await plenum(['servers', '--json', '-c', config]);
    expect(servers).toMatchObject({ exitCode: 0, stderr: '' });
    const [, bad] = JSON.parse(servers.stdout) as [unknown, Record<string, unknown>];
    expect(bad).not.toHaveProperty('listErrors');
    if (kind !== 'resourceTemplates') expect(bad).toMatchObject({ [kind]: 0 });
    const command = kind === 'resourceTemplates' ? 'resources' : kind;
    const list = await plenum([command, '-c', config]);
    expect(list).toMatchObject({ exitCode: 0, stderr: '', stdout: expect.stringContaining('good') });
    expect(await plenumJson(['doctor', '-c', config])).toMatchObject([
      { server: 'good', ok: true, findings: [] },
      { server: 'bad', ok: true, findings: [] },
    ]);
  });
});
