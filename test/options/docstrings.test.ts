import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OptionTable } from '../../src/options/kinds.ts';
import * as auth from '../../src/options/tables/auth.ts';
import * as config from '../../src/options/tables/config.ts';
import * as gateway from '../../src/options/tables/gateway.ts';
import * as audit from '../../src/options/tables/gateway-audit.ts';
import * as cluster from '../../src/options/tables/gateway-cluster.ts';
import * as who from '../../src/options/tables/gateway-auth.ts';
import * as clients from '../../src/options/tables/gateway-clients.ts';
import * as group from '../../src/options/tables/group.ts';
import * as manager from '../../src/options/tables/manager.ts';
import * as server from '../../src/options/tables/server.ts';
import * as session from '../../src/options/tables/session.ts';
import * as toolkit from '../../src/options/tables/toolkit.ts';

const TABLES = {
  auth,
  config,
  gateway,
  group,
  manager,
  server,
  session,
  toolkit,
  who,
  audit,
  cluster,
  clients,
};
const SRC = resolve(import.meta.dirname, '../../src');

/** What the docstring of one option says. */
interface Documented {
  readonly option: string;
  readonly text: string;
  /** What stands after `@default`. */
  readonly byDefault: string | undefined;
}

/** The options of an interface, with their docstrings. Members of members are left out. */
function documented(file: string, name: string): Documented[] {
  const source = readFileSync(resolve(SRC, file), 'utf8');
  const [, body = ''] =
    new RegExp(String.raw`^export interface ${name}\b[^{]*\{\n(.*?)^\}`, 'ms').exec(source) ?? [];
  const members = /(?:^ {2}\/\*\*((?:(?!\*\/).)*)\*\/\n)?^ {2}(?:readonly )?(\w+)\??:/gms;
  return [...body.matchAll(members)].map(([, comment = '', option = '']) => {
    const text = comment.replaceAll(/^\s*\*\s?/gm, '').trim();
    return { option, text, byDefault: /@default\s+(.*)$/m.exec(text)?.[1]?.trim() };
  });
}

/** The interfaces with their tables: those that `interfaces.test.ts` has the compiler compare. */
function pairs(): { file: string; name: string; table: OptionTable }[] {
  const text = readFileSync(resolve(import.meta.dirname, 'interfaces.test.ts'), 'utf8');
  const files = new Map<string, string>();
  for (const [, names = '', file = ''] of text.matchAll(
    /import type \{([^}]*)\} from '\.\.\/\.\.\/src\/([^']+)';/g,
  ))
    for (const name of names.split(',')) files.set(name.trim(), file);
  return [...text.matchAll(/Same<(?:Own<)?(\w+)>?, typeof (\w+)\.(\w+)>/g)].map(
    ([, name = '', room = '', table = '']) => {
      const tables = new Map<string, unknown>(Object.entries(TABLES));
      return {
        file: files.get(name) ?? '',
        name,
        table: Reflect.get(Object(tables.get(room)), table) as OptionTable,
      };
    },
  );
}

/** A default as the docstring writes it, without what it adds in words: `128, which is OpenAI's limit`. */
function written(text: string): string {
  const plain = text.replaceAll('`', '');
  const [number] = /^-?[\d_]+(\.\d+)?(?=$|[\s,:.])/.exec(plain) ?? [];
  if (number !== undefined) return number.replaceAll('_', '');
  const [word] = /^(true|false|Infinity)\b/.exec(plain) ?? [];
  return word ?? plain.replaceAll(/['\s]/g, '');
}

function inTable(value: unknown): string {
  if (value === Infinity) return 'Infinity';
  return JSON.stringify(value).replaceAll('"', '');
}

describe('the docstrings of options', () => {
  const found = pairs();

  it('are found', () => {
    expect(found.length).toBeGreaterThan(40);
    expect(found.flatMap(({ file, name }) => documented(file, name)).length).toBeGreaterThan(200);
  });

  it.each(found.map((pair) => [pair.name, pair] as const))(
    '%s: the defaults are those of the table',
    (_, { file, name, table }) => {
      const drift = documented(file, name).flatMap(({ option, byDefault }) => {
        const row = table[option];
        if (row?.default === undefined) return [];
        const isSame = byDefault !== undefined && written(byDefault) === inTable(row.default);
        return isSame ? [] : [{ option, docstring: byDefault, table: row.default }];
      });
      expect(drift).toEqual([]);
    },
  );

  it.each(found.map((pair) => [pair.name, pair] as const))(
    '%s: names tell the unit of times and sizes',
    (_, { table }) => {
      const units = { ms: /Ms$/, bytes: /Bytes$/ };
      const wrong = Object.entries(table).filter(([option, { kind }]) => {
        if (kind.is !== 'number' || (kind.unit !== 'ms' && kind.unit !== 'bytes')) return false;
        return !units[kind.unit].test(option);
      });
      expect(wrong.map(([option]) => option)).toEqual([]);
    },
  );
});
