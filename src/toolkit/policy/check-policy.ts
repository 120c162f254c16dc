import { invalidOption } from '../../errors/options.ts';
import { checkValue } from '../../options/check-options.ts';
import { optionsOf } from '../../options/kinds.ts';
import { policyOptions } from '../../options/tables/toolkit.ts';
import { toolNameProblem } from '../model-tool.ts';
import type { ToolPolicy } from './tool-policy.ts';

/** Checks all but the rules' globs. Throws `CONFIG_INVALID`. */
export function checkPolicy(policy: ToolPolicy): void {
  checkValue('policy', optionsOf(policyOptions), policy);
  checkRenames(policy.rename);
}

function checkRenames(rename: ToolPolicy['rename']): void {
  const owners = new Map<string, string>();
  for (const [from, to] of Object.entries(rename ?? {})) {
    const field = `policy.rename.${from}`;
    if (toolNameProblem(to) !== undefined) {
      const what = 'must be of letters, digits, "_" and "-", up to 64 of them';
      throw invalidOption(field, what);
    }
    const other = owners.get(to);
    if (other !== undefined) {
      throw invalidOption(field, `is the same as that of "${other}"`);
    }
    owners.set(to, from);
  }
}
