import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PlenumError } from '../errors/plenum-error.ts';
import type { StdioServerSpec } from '../server-spec.ts';
import { checkScript } from './script/check-script.ts';
import type { ServerScript } from './script/script.ts';

/** One argument of a process may have 128 KiB on Linux, and all of them together less than that on Windows. */
const LONGEST_ARGUMENT = 30_000;

/** A script in a file, for one that is too long for a command line. */
export interface ScriptFile {
  scriptFile: string;
}

/**
 * A spec for a scripted server in a child process. Everything else that a stdio spec can say is added by the
 * caller: `{ ...stdioSpec(script), env: { … } }`. Throws `CONFIG_INVALID` when the script is not one, or longer
 * than a command line may be: then write it to a file, as JSON, and give `{ scriptFile }`.
 */
export function stdioSpec(script: ServerScript | ScriptFile = {}): StdioServerSpec & { args: string[] } {
  return { command: process.execPath, args: [entryFile(), ...scriptArguments(script)] };
}

/** The arguments from which the child reads its script. */
export function scriptArguments(script: ServerScript | ScriptFile): string[] {
  if ('scriptFile' in script) return ['--script-file', script.scriptFile];
  checkScript(script);
  const encoded = Buffer.from(JSON.stringify(script)).toString('base64url');
  if (encoded.length <= LONGEST_ARGUMENT) return ['--script', encoded];
  throw new PlenumError(
    'CONFIG_INVALID',
    `The server script is too long for a command line (${encoded.length} characters of ${LONGEST_ARGUMENT}). ` +
      'Write it to a file as JSON, and give { scriptFile } in its place.',
  );
}

/**
 * The program that is started. Where this module runs from its TypeScript source, as in tests of this package,
 * the program is the built one: Node 20 runs no TypeScript.
 */
export function entryFile(): string {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/testing/' : './';
  const file = fileURLToPath(new URL(`${built}scripted-server-process.js`, import.meta.url));
  if (existsSync(file)) return file;
  throw new PlenumError(
    'CONFIG_INVALID',
    `The scripted server is not built: ${file} is missing. Run the build first.`,
  );
}
