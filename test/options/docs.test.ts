import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tablesOf, withTables } from '../../scripts/option-tables.mjs';
import * as auth from '../../src/options/tables/auth.ts';
import * as config from '../../src/options/tables/config.ts';
import * as gateway from '../../src/options/tables/gateway.ts';
import * as audit from '../../src/options/tables/gateway-audit.ts';
import * as cluster from '../../src/options/tables/gateway-cluster.ts';
import * as clients from '../../src/options/tables/gateway-clients.ts';
import * as who from '../../src/options/tables/gateway-auth.ts';
import * as group from '../../src/options/tables/group.ts';
import * as manager from '../../src/options/tables/manager.ts';
import * as server from '../../src/options/tables/server.ts';
import * as session from '../../src/options/tables/session.ts';
import * as toolkit from '../../src/options/tables/toolkit.ts';

const tables = tablesOf({
  auth,
  config,
  gateway,
  'gateway-audit': audit,
  'gateway-cluster': cluster,
  'gateway-clients': clients,
  'gateway-auth': who,
  group,
  manager,
  server,
  session,
  toolkit,
});
const folder = resolve(import.meta.dirname, '../../docs');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
const textOf = (name: string): string => readFileSync(resolve(folder, name), 'utf8');

describe('the tables of options in docs/', () => {
  it.each(pages)('%s has them as the table of options says; if not, npm run docs:options', async (name) => {
    const page = textOf(name);
    expect(await withTables(page, resolve(folder, name), tables)).toBe(page);
  });

  it('are shown on some page, all of them', () => {
    const all = pages.map(textOf).join('\n');
    expect(Object.keys(tables).filter((name) => !all.includes(`<!-- options: ${name} -->`))).toEqual([]);
  });
});
