import {
  count,
  either,
  flag,
  globs,
  listOf,
  number,
  oneOf,
  optionsOf,
  recordOf,
  text,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { toolTraits } from './toolkit.ts';

const oneOrMoreTexts: Kind = either(text, listOf(text, 'an array of texts'));
const oneOrMoreGlobs: Kind = either(text, globs);
const claimValue: Kind = either(text, flag, number);

export const clientMatchOptions = {
  key: { kind: oneOrMoreGlobs, about: 'Globs over the name of the API key that it showed.' },
  principal: { kind: oneOrMoreTexts, about: 'Its principal.' },
  scope: { kind: oneOrMoreTexts, about: 'A scope that it has.' },
  claim: {
    kind: recordOf(
      either(claimValue, listOf(claimValue, 'an array of values')),
      'an object of values by the name of a claim',
    ),
    about: 'Claims of its token: each must have the value, or, as a list, hold it.',
  },
} satisfies OptionTable;

export const entryTraits = {
  kind: {
    kind: oneOf('tool', 'prompt', 'resource'),
    byDefault: 'any; `tool` with one of the hints',
    about: 'What it is. A template counts as a resource.',
  },
  name: {
    kind: oneOrMoreGlobs,
    about:
      'Globs over the exposed name of a tool or prompt, or the URI of a resource: one of them must match.',
  },
  server: toolTraits.server,
  readOnlyHint: toolTraits.readOnlyHint,
  destructiveHint: toolTraits.destructiveHint,
} satisfies OptionTable;

const rules: Kind = listOf(
  either(text, optionsOf(entryTraits, 'an object of what an entry must match')),
  'an array of rules',
);

export const clientRateOptions = {
  callsPerMinute: { kind: count(1), byDefault: 'any number', about: 'How many calls a principal may make.' },
  callsPerToolPerMinute: {
    kind: count(1),
    byDefault: 'any number',
    about: 'How many calls of one tool a principal may make.',
  },
  costPerMinute: {
    kind: count(1),
    byDefault: 'any cost',
    about: 'How much the calls of a principal may cost, by `costs`.',
  },
  costs: {
    kind: recordOf(count(0), 'an object of costs by glob'),
    byDefault: '1 for each call',
    about: 'What a call of a tool costs, by globs over exposed names; the first that matches counts.',
  },
} satisfies OptionTable;

/** What clients may see and do. */
export const clientRuleOptions = {
  match: {
    kind: optionsOf(clientMatchOptions),
    byDefault: 'every client',
    about: 'Whom it is for: what is given must all fit.',
  },
  servers: {
    kind: globs,
    byDefault: 'all of them',
    about: 'Globs over names of servers: these clients see and reach no others.',
  },
  allow: {
    kind: rules,
    byDefault: 'everything',
    about: 'Only tools, prompts and resources that match one of these rules can be seen and used.',
  },
  deny: {
    kind: rules,
    byDefault: 'nothing',
    about: 'What matches one of these rules can neither be seen nor used, whatever `allow` says.',
    alias: ['exclude', 'block'],
  },
  view: {
    kind: oneOf('tools', 'search'),
    default: 'tools',
    about:
      'Whether these clients are shown the tools, or three tools with which to search, describe and call them.',
  },
  rate: {
    kind: optionsOf(clientRateOptions),
    byDefault: 'no limits',
    about: 'How much one principal may call.',
  },
  approve: {
    kind: rules,
    byDefault: 'none',
    about: 'Calls of tools that match one of these rules are made when the user of the client has agreed.',
    alias: ['confirm'],
  },
} satisfies OptionTable;
