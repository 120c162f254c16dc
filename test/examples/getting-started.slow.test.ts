import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { projectWithPackage, type Project } from '../package/packed.ts';
import { runTool } from '../package/run.ts';
import { eventually } from '../support/eventually.ts';
import { serve } from '../support/loopback.ts';
import { processesMarked } from '../support/processes.ts';

interface StartOptions {
  /** Of Node.js. */
  readonly options?: readonly string[];
  readonly folder?: string;
  /** A line for `.npmrc`. */
  readonly npm?: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** The processes that it has started and that still run. */
  leftBehind(): number[];
}

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/getting-started.md'), 'utf8');

/** The programs of the page, by the names in their first lines. */
const programs = new Map(
  [...page.matchAll(/```ts\n\/\/ (\S+)\n(.*?)```/gs)].map(([, name = '', code = '']) => [name, code]),
);
const [, settings = ''] = /```json\n(.*?)```/s.exec(page) ?? [];

describe('docs/getting-started.md', () => {
  let project: Project;

  /** The folder that a reader of the page would have by its end. */
  beforeAll(async () => {
    project = await projectWithPackage();
    const modules = join(project.folder, 'node_modules');
    const link = (name: string): void =>
      symlinkSync(resolve(root, 'node_modules', name), join(modules, name), 'junction');
    mkdirSync(join(modules, '@types'));
    link('@types/node');
    link('undici-types');
    // What `npx -y` would download.
    for (const name of ['everything', 'memory']) link(`@modelcontextprotocol/server-${name}`);
    writeFileSync(join(project.folder, 'tsconfig.json'), settings);
    for (const [name, code] of programs) writeFileSync(join(project.folder, name), code);
    const entryPoints = [...programs.keys()].map((name) => join(project.folder, name));
    const outdir = join(project.folder, 'run');
    // As tsx and Node.js 22.18 do, types are taken away and nothing is checked.
    await build({ entryPoints, outdir, bundle: true, packages: 'external', platform: 'node', format: 'esm' });
  });

  afterAll(() => project.remove());

  /** Runs one of the programs. Servers get `HOME` and `PATH`: the one tells npm where to look, the other marks them. */
  function start(name: string, { options = [], folder, npm = 'offline=true' }: StartOptions = {}): Running {
    const home = mkdtempSync(join(project.folder, 'home-'));
    writeFileSync(join(home, '.npmrc'), `${npm}\n`);
    const env = {
      ...process.env,
      HOME: home,
      PATH: [process.env['PATH'], `/dev/null/${home}`].join(delimiter),
    };
    const args = [...options, join('run', name.replace(/ts$/, 'js'))];
    const child = spawn(process.execPath, args, {
      cwd: folder ?? project.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const streams = Promise.all([text(child.stdout), text(child.stderr)]);
    const exited = new Promise<number | null>((done, fail) => child.once('exit', done).once('error', fail));
    const ended = Promise.all([exited, streams]).then(([exitCode, [stdout, stderr]]) => ({
      exitCode,
      stdout,
      stderr,
    }));
    return { child, ended, leftBehind: () => processesMarked(home) };
  }

  it('has programs that a strict compiler accepts', async () => {
    expect([...programs.keys()]).toEqual(['connect.ts', 'greet.ts', 'agent.ts', 'greet.test.ts']);
    await expect(runTool('tsc', ['-p', '.'], project.folder)).resolves.toBe('');
  });

  it('connects, and says how each server is', async () => {
    const { ended, leftBehind } = start('connect.ts');
    const { exitCode, stdout } = await ended;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^everything ready\s*\nmemory ready\s*\n/);
    expect(stdout).toContain("'everything__echo'");
    expect(leftBehind()).toEqual([]);
  });

  it('calls a tool', async () => {
    const { ended, leftBehind } = start('agent.ts');
    expect(await ended).toEqual({ exitCode: 0, stdout: 'Echo: hello\n', stderr: '' });
    expect(leftBehind()).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'stops on %s while a server is being downloaded',
    async (signal) => {
      // Nothing is installed, and the registry accepts connections and says nothing.
      const registry = await serve(() => {});
      const folder = join(project.folder, `cold-${signal}`);
      mkdirSync(join(folder, 'node_modules'), { recursive: true });
      symlinkSync(join(project.folder, 'run'), join(folder, 'run'), 'junction');
      const npm = `registry=${registry.origin}`;
      const { ended, leftBehind, child } = start('agent.ts', { folder, npm });
      await eventually('npx asks the registry', () => registry.seen.length > 0);
      child.kill(signal);
      expect(await ended).toEqual({ exitCode: 130, stdout: '', stderr: 'Stopped.\n' });
      expect(leftBehind()).toEqual([]);
    },
  );

  it('has tests that pass', async () => {
    const { ended } = start('greet.test.ts', { options: ['--test'] });
    const { exitCode, stdout } = await ended;
    expect(stdout).toMatch(/pass 3\b/);
    expect(exitCode).toBe(0);
  });
});
