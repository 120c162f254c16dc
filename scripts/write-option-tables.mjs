// Writes the tables of options into docs/. Run the build first.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { tablesOf, withTables } from './option-tables.mjs';

const rooms = [
  'session',
  'server',
  'group',
  'manager',
  'auth',
  'toolkit',
  'config',
  'gateway',
  'gateway-auth',
  'gateway-audit',
  'gateway-cluster',
  'gateway-clients',
];
const loaded = await Promise.all(
  rooms.map(async (room) => [room, await import(`../dist/options/tables/${room}.js`)]),
);
const tables = tablesOf(Object.fromEntries(loaded));
const folder = fileURLToPath(new URL('../docs/', import.meta.url));
for (const name of await readdir(folder)) {
  if (!name.endsWith('.md')) continue;
  const path = folder + name;
  const page = await readFile(path, 'utf8');
  const written = await withTables(page, path, tables);
  if (written !== page) await writeFile(path, written);
}
