import { PlenumError } from '../../errors/plenum-error.ts';
import { checkBoolean, checkFunction, checkTextRecord, isRecord } from '../../internal/checks.ts';
import { toolNameProblem } from '../model-tool.ts';
import type { ToolPolicy } from './tool-policy.ts';

const KNOWN: ReadonlySet<string> = new Set<keyof ToolPolicy>([
  'allow',
  'deny',
  'approve',
  'rename',
  'describe',
  'checkArguments',
]);

/** Checks all but the rules. Throws `CONFIG_INVALID`. */
export function checkPolicy(policy: ToolPolicy): void {
  const given: unknown = policy;
  if (!isRecord(given)) throw new PlenumError('CONFIG_INVALID', 'Option "policy" must be an object.');
  // A misspelt option would be ignored and forbid nothing.
  const unknown = Object.keys(given).find((key) => !KNOWN.has(key));
  if (unknown !== undefined) {
    const known = [...KNOWN].join(', ');
    throw new PlenumError('CONFIG_INVALID', `Option "policy.${unknown}" is not known; known are ${known}.`);
  }
  checkFunction('policy.approve', policy.approve);
  checkTextRecord('policy.describe', policy.describe);
  checkBoolean('policy.checkArguments', policy.checkArguments);
  checkRenames(policy.rename);
}

function checkRenames(rename: ToolPolicy['rename']): void {
  checkTextRecord('policy.rename', rename);
  const owners = new Map<string, string>();
  for (const [from, to] of Object.entries(rename ?? {})) {
    const field = `policy.rename.${from}`;
    if (toolNameProblem(to) !== undefined) {
      const what = 'must be of letters, digits, "_" and "-", up to 64 of them';
      throw new PlenumError('CONFIG_INVALID', `Option "${field}" ${what}.`);
    }
    const other = owners.get(to);
    if (other !== undefined) {
      throw new PlenumError('CONFIG_INVALID', `Option "${field}" is the same as that of "${other}".`);
    }
    owners.set(to, from);
  }
}
