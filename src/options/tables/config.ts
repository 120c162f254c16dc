import {
  anyFunction,
  count,
  duration,
  either,
  file,
  flag,
  listOf,
  objectThat,
  oneOf,
  optionsOf,
  string,
  text,
  texts,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { fits } from '../faults.ts';
import { oauthOptions } from './auth.ts';
import { groupConnectOptions } from './group.ts';
import { managerOptions, managerOwnOptions } from './manager.ts';

const anyObject = objectThat('an object', () => true);

/** What a configuration that was read tells its reader: no options, and passed over where it is given whole. */
const configFacts = {
  broken: { kind: anyObject, about: 'Servers that cannot be used, with what is wrong.' },
  gateway: { kind: anyObject, about: 'What the file says for a gateway.' },
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

const cwd = { kind: text, byDefault: '`process.cwd()`', about: 'The folder that relative paths start from.' };
const env = {
  kind: anyObject,
  byDefault: '`process.env`',
  about: "Where variables and the user's folders are looked up.",
};

export const configOAuthOptions = {
  interactive: oauthOptions.interactive,
  onAuthorize: oauthOptions.onAuthorize,
  onEvent: oauthOptions.onEvent,
  loginTimeoutMs: oauthOptions.loginTimeoutMs,
  store: oauthOptions.store,
} satisfies OptionTable;

export const loadConfigOptions = {
  path: { kind: file, byDefault: 'the nearest one', about: 'The file.', alias: ['file'] },
  cwd: { ...cwd, about: 'The folder where the search for a file begins.' },
  env,
  prompt: {
    kind: anyFunction,
    about: 'Asks for the value of `${input:id}`; without it, a file that wants one is refused.',
  },
  oauth: {
    kind: optionsOf(configOAuthOptions),
    about: 'For servers that sign in by OAuth: what a file cannot say.',
  },
  tolerant: {
    kind: flag,
    default: false,
    about: 'Whether a server that something is wrong with is left out, and costs the others nothing.',
  },
  consent: {
    kind: either(flag, anyFunction),
    about:
      'Agrees to a file of a project that was found; without it, only what `plenum trust` has agreed to is used.',
  },
  only: {
    kind: anyFunction,
    byDefault: 'all',
    about: 'Called with the name of each server: whether it is wanted.',
  },
} satisfies OptionTable;

/** A request for consent, as a parameter. */
export const consentRequest: Kind = objectThat('a request for consent', (value) => {
  const { path, servers, sections, before }: Record<string, unknown> = { ...value };
  const isBefore = before === undefined || hasMembers(before, { agreedAt: string, removed: texts });
  return (
    typeof path === 'string' &&
    isBefore &&
    isListOf(servers, CONSENT_SERVER) &&
    isListOf(sections, CONSENT_SECTION)
  );
});

const CONSENT_SECTION = { name: string, json: string, variables: texts };
const CONSENT_SERVER = {
  name: string,
  variables: texts,
  headers: texts,
  env: texts,
  others: listOf(listOf(string, 'two strings'), 'an array'),
};

function isListOf(list: unknown, members: Readonly<Record<string, Kind>>): boolean {
  return Array.isArray(list) && list.every((each) => hasMembers(each, members));
}

function hasMembers(value: unknown, members: Readonly<Record<string, Kind>>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(members).every(([name, kind]) => fits(kind, Reflect.get(value, name)));
}

export const consentTextOptions = {
  servers: { kind: count(0), default: 20, about: 'How many servers are shown.' },
} satisfies OptionTable;

/** A group whose servers follow a file, as a parameter. */
export const watchedGroup: Kind = objectThat('a group', (value) => {
  const { servers, add, remove }: { servers?: unknown; add?: unknown; remove?: unknown } = value;
  return typeof add === 'function' && typeof remove === 'function' && servers instanceof Map;
});

export const watchConfigOptions = {
  onEvent: { kind: anyFunction, about: 'Called with every event as it happens.' },
  intervalMs: { kind: duration, default: 250, about: 'How often the file is looked at.' },
  settleMs: {
    kind: duration,
    default: 100,
    about: 'How long the file must have been still before it is read.',
  },
} satisfies OptionTable;

export const copyServersOptions = {
  to: { kind: file, required: true, about: 'The configuration to write to; made when it is not there.' },
  servers: { kind: listOf(anyObject, 'an array of servers'), required: true, about: 'What to copy.' },
  onConflict: {
    kind: oneOf('skip', 'replace'),
    default: 'skip',
    about: 'What to do when the configuration has a server of that name.',
  },
  cwd,
} satisfies OptionTable;

export const importOptions = {
  cwd: { ...cwd, about: 'Where the search for files of workspaces begins; it goes upwards.' },
  env,
  platform: { kind: text, byDefault: '`process.platform`', about: 'Whose folders are looked into.' },
} satisfies OptionTable;
