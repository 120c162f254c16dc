import { listOf, objectThat, text, texts, type OptionTable } from '../kinds.ts';
import { groupConnectOptions } from './group.ts';
import { managerOptions, managerOwnOptions } from './manager.ts';

const anyObject = objectThat('an object', () => true);

/** What a configuration that was read tells its reader: no options, and passed over where it is given whole. */
const configFacts = {
  broken: { kind: anyObject, about: 'Servers that cannot be used, with what is wrong.' },
  disabled: { kind: texts, about: 'Names of the servers that the file disables.' },
  path: { kind: text, about: 'The file that was read.' },
  warnings: { kind: listOf(anyObject, 'an array of warnings'), about: 'What looks wrong but does no harm.' },
} satisfies OptionTable;

/** What a file says for all its servers is for groups and for managers; each takes what it knows. */
export const groupOptionsOfConfig = {
  ...managerOwnOptions,
  ...groupConnectOptions,
  ...configFacts,
} satisfies OptionTable;

export const managerOptionsOfConfig = {
  naming: groupConnectOptions.naming,
  strict: groupConnectOptions.strict,
  ...managerOptions,
  ...configFacts,
} satisfies OptionTable;

/** Whether options are, or hold, a configuration that `loadConfig` returned. */
export function holdsConfig(options: unknown): boolean {
  return typeof options === 'object' && options !== null && 'warnings' in options && 'broken' in options;
}
