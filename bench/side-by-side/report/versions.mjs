import { readFileSync } from 'node:fs';

/** Which version of each contestant ran. */
export function readVersions() {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const own = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return { [own.name]: own.version, ...dependencies };
}
