import { printable } from '../internal/text.ts';

/** What every provider takes as a tool's name; one that is not refuses the whole request. */
const ACCEPTED = /^[a-zA-Z0-9_-]{1,64}$/;

/** Why a model cannot be shown a tool of this name; undefined when it can. */
export function toolNameProblem(name: string, accepted = ACCEPTED): string | undefined {
  if (accepted.test(name)) return undefined;
  return (
    `The name "${printable(name, 80)}" is not one that the model's API takes (${accepted.source}). ` +
    'Use the default naming of the group, or rename the tool.'
  );
}
