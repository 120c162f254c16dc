import { objectThat, oneOf, type Kind, type OptionTable } from '../kinds.ts';

function hasLists(session: unknown): boolean {
  return (
    typeof session === 'object' && session !== null && typeof Reflect.get(session, 'listTools') === 'function'
  );
}

/** A group whose servers are to be locked, as a parameter. */
export const lockableGroup: Kind = objectThat('a SessionGroup', (value) => {
  const sessions: unknown = Reflect.get(value, 'sessions');
  return sessions instanceof Map && [...sessions.values()].every((each) => hasLists(each));
});

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
