import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/index.ts';
import { newFolder } from '../support/folders.ts';

const page = readFileSync(resolve(import.meta.dirname, '../../docs/gateway.md'), 'utf8');
const files = [...page.matchAll(/^```json\n([^]*?)^```/gm)].map(([, text]) => text ?? '');

describe('docs/gateway.md', () => {
  it.each(files)('a file on the page is a configuration without a warning: %s', async (text) => {
    const path = `${newFolder()}/plenum.json`;
    writeFileSync(path, text);
    const { servers, gateway, warnings } = await loadConfig({ path, env: { ISSUES_TOKEN: 't' } });
    expect(warnings).toEqual([]);
    expect({ ...servers, ...gateway }).not.toEqual({});
  });

  it('points each kind of client at the gateway by URL and by command', () => {
    const texts = files.join('\n');
    expect(texts.match(/"url": "http:\/\/127\.0\.0\.1:8931\/mcp"/g)?.length).toBeGreaterThanOrEqual(3);
    expect(texts.match(/"serve", "--stdio"/g)?.length).toBeGreaterThanOrEqual(2);
  });
});
