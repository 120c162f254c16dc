import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DownloadFolder } from '../../../../src/toolkit/resources/downloads/download-folder.ts';
import { failureOf } from '../../../support/failures.ts';
import { newFolder } from '../../../support/folders.ts';

/** A folder with a folder for downloads in it; deleted when the test is over. */
function place(): { around: string; folder: string } {
  const around = newFolder();
  const folder = join(around, 'downloads');
  return { around, folder };
}

function downloads(folder: string, maxFileBytes = 1000, maxTotalBytes = 10_000): DownloadFolder {
  return new DownloadFolder({ folder, maxFileBytes, maxTotalBytes });
}

const text = (value: string): Buffer => Buffer.from(value);

describe('M9 downloads stay in their folder', () => {
  it('which is made when it is first needed', async () => {
    const { around, folder } = place();
    const files = downloads(join(folder, 'deeper'));
    expect(readdirSync(around)).toEqual([]);
    expect(await files.save('x:/a.txt', text('hello'))).toEqual({ name: 'a.txt' });
    expect(readFileSync(join(folder, 'deeper', 'a.txt'), 'utf8')).toBe('hello');
  });

  it('and nothing that is there is overwritten', async () => {
    const { folder } = place();
    mkdirSync(join(folder, 'a-2.txt'), { recursive: true });
    writeFileSync(join(folder, 'a.txt'), 'mine');
    const files = downloads(folder);
    expect(await files.save('x:/a.txt', text('theirs'))).toEqual({ name: 'a-3.txt' });
    expect(readFileSync(join(folder, 'a.txt'), 'utf8')).toBe('mine');
  });

  it('and no link is followed', async () => {
    const { around, folder } = place();
    mkdirSync(folder);
    writeFileSync(join(around, 'outside'), 'mine');
    symlinkSync(join(around, 'outside'), join(folder, 'link'));
    symlinkSync(join(around, 'not-there'), join(folder, 'dangling'));
    const files = downloads(folder);
    expect(await files.save('x:/link', text('theirs'))).toEqual({ name: 'link-2' });
    expect(await files.save('x:/dangling', text('theirs'))).toEqual({ name: 'dangling-2' });
    expect(readFileSync(join(around, 'outside'), 'utf8')).toBe('mine');
    expect(readdirSync(around).toSorted()).toEqual(['downloads', 'outside']);
  });

  it('also when the folder becomes a link to somewhere else', async () => {
    const { around, folder } = place();
    const files = downloads(folder);
    await files.save('x:/a', text('x'));
    renameSync(folder, join(around, 'moved'));
    mkdirSync(join(around, 'elsewhere'));
    symlinkSync(join(around, 'elsewhere'), folder);
    expect((await failureOf(files.save('x:/b', text('x')))).code).toBe('CONFIG_INVALID');
    expect(readdirSync(join(around, 'elsewhere'))).toEqual([]);
  });

  it('which may be behind a link from the start', async () => {
    const { around, folder } = place();
    mkdirSync(join(around, 'real'));
    symlinkSync(join(around, 'real'), folder);
    await downloads(folder).save('x:/a', text('x'));
    expect(readdirSync(join(around, 'real'))).toEqual(['a']);
  });

  it.each(['../../evil', '%2e%2e%2fevil', '/etc/evil', 'C:\\evil', 'evil\0'])(
    'whatever the URI: %j',
    async (uri) => {
      const { around, folder } = place();
      await downloads(folder).save(uri, text('x'));
      expect(readdirSync(around)).toEqual(['downloads']);
      expect(readdirSync(folder)).toEqual([expect.stringMatching(/^evil_?$/)]);
    },
  );

  it('many at a time with the same name', async () => {
    const { folder } = place();
    const files = downloads(folder);
    const saved = await Promise.all(
      Array.from({ length: 130 }, (_, nr) => files.save('x:/a.txt', text(String(nr)))),
    );
    const names = saved.map((each) => ('name' in each ? each.name : ''));
    expect(new Set(names).size).toBe(130);
    names.forEach((name, nr) => expect(readFileSync(join(folder, name), 'utf8')).toBe(String(nr)));
  });

  it('and nobody else can read them', async () => {
    const { folder } = place();
    await downloads(folder).save('x:/a', text('x'));
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
  });
});

describe('M9 how much may be downloaded', () => {
  it('a file that is too large is not saved', async () => {
    const { around, folder } = place();
    expect(await downloads(folder, 3).save('x:/a', text('four'))).toEqual({
      refused: expect.stringContaining('may have 3'),
    });
    expect(readdirSync(around)).toEqual([]);
  });

  it('nor one that would be too much, also when several come at once', async () => {
    const { folder } = place();
    const files = downloads(folder, 10, 10);
    const saved = await Promise.all(['a', 'b', 'c'].map((name) => files.save(`x:/${name}`, text('1234'))));
    expect(saved).toEqual([
      { name: 'a' },
      { name: 'b' },
      { refused: expect.stringContaining('only 2 more') },
    ]);
    expect(readdirSync(folder).toSorted()).toEqual(['a', 'b']);
  });

  it('what could not be saved does not count', async () => {
    const { folder } = place();
    writeFileSync(folder, 'a file where the folder should be');
    const files = downloads(folder, 10, 10);
    const failure = await failureOf(files.save('x:/a', text('12345678')));
    expect(failure).toMatchObject({ code: 'CONFIG_INVALID' });
    rmSync(folder);
    expect(await files.save('x:/a', text('12345678'))).toEqual({ name: 'a' });
  });
});
