// Writes the version of package.json to the source: what a session says of itself to servers. A test compares them.
import { readFile, writeFile } from 'node:fs/promises';

const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
const file = new URL('../src/session/session-options.ts', import.meta.url);
const before = await readFile(file, 'utf8');
const after = before.replace(/(CLIENT_INFO: Implementation = .*version: ')[^']*/u, `$1${version}`);
if (!after.includes(`version: '${version}'`))
  throw new Error('src/session/session-options.ts does not name the version.');
await writeFile(file, after);
