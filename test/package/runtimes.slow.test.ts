import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { projectWithPackage, type Project } from './packed.ts';
import { toolPath } from './run.ts';
import { expectGoodVisit } from './visit.ts';

const PROGRAM = 'visit-servers.mjs';

describe('C12 the packed package reaches servers of every kind, and closes them', () => {
  let project: Project;

  beforeAll(async () => {
    project = await projectWithPackage();
    await copyFile(join(import.meta.dirname, 'consumer', PROGRAM), join(project.folder, PROGRAM));
  });

  afterAll(() => project.remove());

  it('under Node.js', async () => {
    await expectGoodVisit(process.execPath, [PROGRAM], project.folder);
  });

  it('under Bun', async () => {
    await expectGoodVisit(toolPath('bun'), [PROGRAM], project.folder);
  });

  it('under Deno', async () => {
    // Those of docs/deploying.md, and what the program itself writes.
    const may = ['net', 'run', 'env', 'read', 'sys', 'write'].map((each) => `--allow-${each}`);
    await expectGoodVisit(toolPath('deno'), ['run', '--no-remote', ...may, PROGRAM], project.folder);
  });
});
