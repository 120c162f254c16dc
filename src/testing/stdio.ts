import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { scriptTooLong, scriptedServerNotBuilt } from '../errors/testing.ts';
import { isRecord } from '../internal/checks.ts';
import { checkParameter } from '../options/check-options.ts';
import { text } from '../options/kinds.ts';
import type { StdioServerSpec } from '../server-spec.ts';
import { checkScript } from './script/check-script.ts';
import type { ServerScript } from './script/script.ts';

/** Linux allows 128 KiB for one argument; Windows allows 32 KiB for the whole command line. */
const LONGEST_ARGUMENT = 30_000;

/** A file with a script that is too long for a command line. */
export interface ScriptFile {
  scriptFile: string;
}

/**
 * A spec for a scripted server in a child process. The caller can add other fields of a stdio spec: `{
 * ...stdioSpec(script), env: { … } }`. Throws `CONFIG_INVALID` when the script is invalid, or too long for a command
 * line: then write it to a file as JSON and give `{ scriptFile }`.
 */
export function stdioSpec(script: ServerScript | ScriptFile = {}): StdioServerSpec & { args: string[] } {
  return { command: process.execPath, args: [entryFile(), ...scriptArguments(script)] };
}

/** The arguments from which the child reads its script. */
export function scriptArguments(script: ServerScript | ScriptFile): string[] {
  if (isScriptFile(script)) {
    checkParameter('A scripted server', 'scriptFile', text, script.scriptFile);
    return ['--script-file', script.scriptFile];
  }
  checkScript(script);
  const encoded = Buffer.from(JSON.stringify(script)).toString('base64url');
  if (encoded.length <= LONGEST_ARGUMENT) return ['--script', encoded];
  throw scriptTooLong(encoded.length, LONGEST_ARGUMENT);
}

function isScriptFile(script: unknown): script is ScriptFile {
  return isRecord(script) && 'scriptFile' in script;
}

/**
 * The path of the program to start. When this module runs from its TypeScript source, as in this package's tests, it
 * is the built program: Node 20 cannot run TypeScript.
 */
export function entryFile(): string {
  const built = import.meta.url.endsWith('.ts') ? '../../dist/testing/' : './';
  const file = fileURLToPath(new URL(`${built}scripted-server-process.js`, import.meta.url));
  if (existsSync(file)) return file;
  throw scriptedServerNotBuilt(file);
}
