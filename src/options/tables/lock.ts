import { objectThat, oneOf, type OptionTable } from '../kinds.ts';

export const fileLockOptions = {
  onDrift: {
    kind: oneOf('block', 'warn'),
    default: 'block',
    about: 'Whether what differs from the lock can be neither listed nor used, or is only reported.',
  },
  unexpanded: {
    kind: objectThat('a Map', (value) => value instanceof Map),
    byDefault: 'none',
    about: 'The servers as they stand in the file of the configuration, with `${VAR}` in place of values.',
  },
} satisfies OptionTable;
