import { realpathSync, writeFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { plenumOnTerminal } from '../support/on-terminal.ts';
import { plenum, plenumJson, referenceServer } from '../support/run-cli.ts';
import { newFolder } from '../../support/folders.ts';

/** As a new user has it: the file of an editor in the folder, and nothing else. */
describe('plenum with four public servers, and a broken one', () => {
  let cwd: string;
  let env: Record<string, string>;
  beforeEach(async () => {
    cwd = realpathSync(newFolder());
    writeFileSync(join(cwd, 'notes.md'), '# Notes\n');
    const servers = {
      everything: referenceServer('everything'),
      files: referenceServer('filesystem', cwd),
      memory: { ...referenceServer('memory'), env: { MEMORY_FILE_PATH: join(cwd, 'memory.jsonl') } },
      thinking: referenceServer('sequential-thinking'),
      broken: { command: 'uvx-that-is-not-there', args: ['mcp-server-git'] },
    };
    writeFileSync(join(cwd, '.mcp.json'), JSON.stringify({ mcpServers: servers }));
    env = { XDG_DATA_HOME: newFolder() };
    await plenum(['trust'], { cwd, env });
  });

  it('servers, tools and doctor say what there is, and what is broken', async () => {
    const servers = (await plenumJson(['servers'], { cwd, env })) as {
      name: string;
      state: string;
      tools: number;
    }[];
    expect(servers.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'everything ready',
      'files ready',
      'memory ready',
      'thinking ready',
      'broken failed',
    ]);
    const tools = (await plenumJson(['tools'], { cwd, env })) as unknown[];
    expect(tools).toHaveLength(servers.reduce((sum, { tools: some }) => sum + some, 0));
    const doctor = await plenum(['doctor'], { cwd, env });
    expect(doctor.exitCode).toBe(3);
    expect(doctor.stdout.match(/^✓/gm)).toHaveLength(4);
    expect(doctor.stdout).toContain('✗ broken\n  error command-not-found:');
  });

  it('call, read, prompt and complete work on each of them', async () => {
    const good = async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await plenum(args, { cwd, env });
      // On a busy machine, some may come long after the one that has the resource.
      const complaints = stderr.replace(/^Not waited for: .*\n/, '');
      expect({ exitCode, complaints }).toEqual({ exitCode: 0, complaints: '' });
      return stdout;
    };
    expect(await good('call', 'everything__get-sum', 'a=1', 'b=2.5')).toContain('3.5');
    expect(await good('call', 'files__read_text_file', 'path=notes.md', 'head=1')).toContain('# Notes');
    const entity = { name: 'Ada', entityType: 'person', observations: ['wrote the first program'] };
    await good('call', 'memory__create_entities', `entities:=${JSON.stringify([entity])}`);
    expect(JSON.parse(await good('call', 'memory__search_nodes', 'query=Ada'))).toMatchObject({
      entities: [entity],
    });
    expect(
      await good(
        'call',
        'thinking__sequentialthinking',
        'thought=Hm',
        'nextThoughtNeeded=false',
        'thoughtNumber=1',
        'totalThoughts=1',
      ),
    ).toContain('"thoughtNumber": 1');
    expect(await good('read', 'demo://resource/static/document/features.md')).toContain('#');
    expect(await good('prompt', 'everything__args-prompt', 'city=Paris')).toContain('Paris');
    expect(await good('complete', 'everything__completable-prompt', 'department', 'E')).toBe('Engineering\n');
    expect(await good('describe', 'files__edit_file')).toMatch(/^edits\[\]\.oldText +string +yes/m);
  });

  it('an image is saved, and is one', async () => {
    const { exitCode } = await plenum(['call', 'everything__get-tiny-image', '--out', 'logo.png'], {
      cwd,
      env,
    });
    expect(exitCode).toBe(0);
    expect(readFileSync(join(cwd, 'logo.png')).subarray(1, 4).toString()).toBe('PNG');
  });

  it('a long tool shows its progress', async () => {
    const call = ['call', 'everything__trigger-long-running-operation', 'duration=2', 'steps=4'];
    const terminal = plenumOnTerminal(call, { cwd, env });
    await terminal.shows('50 %');
    expect(await terminal.exitCode).toBe(0);
  });
});
