import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePage, type Page } from './markdown.ts';
import { packageRoot } from './run.ts';

/** A path from the root as CONTRIBUTING.md writes it. */
const FILE =
  /^(?:(?:src|test|docs|scripts|bench|examples|schema|\.ci|\.github|\.changeset)\/[^\s<>*…]*|[\w-]+\.(?:md|json))$/u;

const pages = new Map<string, Page>();

/** A page of the repository by its path from the root. */
function pageAt(path: string): Page {
  let page = pages.get(path);
  if (page === undefined) {
    page = parsePage(readFileSync(join(packageRoot, path), 'utf8'));
    pages.set(path, page);
  }
  return page;
}

function pagesBelow(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '.' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return path.endsWith('.md') ? [path] : [];
    return /^(node_modules|dist|coverage|api-reference|\.git)$/u.test(entry.name) ? [] : pagesBelow(path);
  });
}

/** Why a link leads nowhere, if so; addresses of the web are not asked. */
function faultOf(page: string, link: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:/iu.test(link)) return undefined;
  const [file = '', anchor] = decodeURI(link).split('#');
  const target = file === '' ? page : join(dirname(page), file).replaceAll('\\', '/');
  if (!existsSync(resolve(packageRoot, target))) return 'no such file';
  if (anchor === undefined || anchor === '') return undefined;
  if (!target.endsWith('.md')) return 'an anchor of what is no page';
  return pageAt(target).anchors.has(anchor) ? undefined : 'no such heading';
}

describe('the pages of the repository', () => {
  const all = pagesBelow('.');

  it('are found', () => {
    expect(all).toEqual(expect.arrayContaining(['README.md', 'CONTRIBUTING.md', 'docs/groups.md']));
  });

  it.each(all)('%s has links that lead somewhere', (path) => {
    const faults = pageAt(path).links.flatMap(({ text, line }) => {
      const fault = faultOf(path, text);
      return fault === undefined ? [] : [`${path}:${line}: ${text}: ${fault}`];
    });
    expect(faults).toEqual([]);
  });

  it('lead from the README to every page of docs', () => {
    const linked = new Set(pageAt('README.md').links.map(({ text }) => text.split('#')[0]));
    expect(pagesBelow('docs').filter((path) => dirname(path) === 'docs' && !linked.has(path))).toEqual([]);
  });

  it('list every decision', () => {
    const listed = new Set(
      pageAt('docs/decisions/README.md').links.map(({ text }) => `docs/decisions/${text}`),
    );
    const decisions = pagesBelow('docs/decisions').filter((path) => !path.endsWith('/README.md'));
    expect(decisions.filter((path) => !listed.has(path))).toEqual([]);
  });

  it('name files in CONTRIBUTING.md that exist', () => {
    const named = pageAt('CONTRIBUTING.md').code.filter(({ text }) => FILE.test(text));
    expect(named).not.toEqual([]);
    const missing = named.filter(({ text }) => !existsSync(join(packageRoot, text)));
    expect(missing.map(({ text, line }) => `${line}: ${text}`)).toEqual([]);
  });
});

describe('the rules on links', () => {
  it('finds links, images and references, and none in code', () => {
    const text = ['[a](b.md#c) ![d](e.svg "t")', '`[x](y)` [f](<g.md>)', '```', '[h](i)', '```', '[j]: k.md'];
    expect(parsePage(text.join('\n')).links).toEqual([
      { text: 'b.md#c', line: 1 },
      { text: 'e.svg', line: 1 },
      { text: 'g.md', line: 2 },
      { text: 'k.md', line: 6 },
    ]);
  });

  it.each([
    ['## What you get', 'what-you-get'],
    ['### `plenum tools` – all of them', 'plenum-tools--all-of-them'],
    ['# 1. A_b: *c*, [d](e)', '1-a_b-c-d'],
  ])('makes the anchor of %s', (heading, anchor) => {
    expect([...parsePage(heading).anchors]).toEqual([anchor]);
  });

  it('numbers a heading that comes again', () => {
    expect([...parsePage('# A\n# A\n# A').anchors]).toEqual(['a', 'a-1', 'a-2']);
  });

  it('finds what leads nowhere', () => {
    expect(faultOf('README.md', 'docs/nothing.md')).toBe('no such file');
    expect(faultOf('docs/groups.md', '../README.md#nothing')).toBe('no such heading');
    expect(faultOf('docs/groups.md', '../README.md#what-you-get')).toBeUndefined();
    expect(faultOf('README.md', 'https://nowhere.example/')).toBeUndefined();
  });
});
