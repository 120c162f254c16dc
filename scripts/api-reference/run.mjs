// `npm run docs:api`: checks every public entry and writes its API reference to `api-reference/`. TypeDoc reads TypeScript
// up to 6.0 and the package is built with a newer one, so both have a folder of their own.
import { installLocked } from '../install-locked.mjs';

if (!installLocked(import.meta.dirname)) throw new Error('TypeDoc could not be installed.');
const { buildReference } = await import('./build.mjs');
if (!(await buildReference())) process.exitCode = 1;
