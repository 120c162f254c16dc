/**
 * A program, not a module to import: a scripted server in a process of its own. `stdioSpec()` and `httpProcess()`
 * start it, with its script on the command line.
 */
import { readFileSync } from 'node:fs';
import { sleep } from '../internal/limit.ts';
import { beginLife } from './process/lifecycle.ts';
import { StdioChild } from './process/stdio-child.ts';
import type { ServerScript } from './script/script.ts';

const [source, text = '', , httpOptions] = process.argv.slice(2);

function readScript(): ServerScript {
  if (source === '--script') return JSON.parse(Buffer.from(text, 'base64url').toString());
  if (source === '--script-file') return JSON.parse(readFileSync(text, 'utf8'));
  throw new Error(
    'Give --script <base64url of JSON> or --script-file <file>, and for HTTP --http <options>.',
  );
}

const script = readScript();
const facts = await beginLife(script, process.env);
await sleep(script.startDelayMs ?? 0);
if (httpOptions === undefined) {
  new StdioChild(script, facts).serve();
} else {
  const { HttpChild } = await import('./process/http-child.ts');
  await new HttpChild(script, JSON.parse(httpOptions), facts).serve();
}
