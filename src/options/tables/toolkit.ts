import {
  anyFunction,
  count,
  either,
  flag,
  globs,
  listOf,
  objectThat,
  oneOf,
  optionsOf,
  switchOf,
  text,
  texts,
  textsByName,
  timeLimit,
  type Kind,
  type OptionTable,
} from '../kinds.ts';
import { fits } from '../faults.ts';
import { callOptions, signalOption } from './session.ts';

/** The result of a call, as a parameter. */
export const toolResult: Kind = objectThat('a result of a tool', (value) => {
  const content: unknown = Reflect.get(value, 'content');
  return content === undefined
    ? Reflect.get(value, 'structuredContent') !== undefined
    : Array.isArray(content) && content.every((block) => typeof block === 'object' && block !== null);
});

/** What a model is told of a tool, as a parameter. */
export const toolDefinition: Kind = objectThat('a definition of a tool', isToolDefinition);

function isToolDefinition(value: object): boolean {
  const schema: unknown = Reflect.get(value, 'inputSchema');
  return typeof schema === 'object' && schema !== null;
}

/** What has tools, as a parameter. */
export const toolHolder: Kind = objectThat('a group, a toolkit or another source of tools', (value) => {
  const tools: unknown = Reflect.get(value, 'tools');
  if (
    typeof tools !== 'object' ||
    tools === null ||
    typeof Reflect.get(tools, Symbol.iterator) !== 'function'
  )
    return false;
  for (const entry of tools as Iterable<unknown>) {
    if (!Array.isArray(entry) || typeof entry[0] !== 'string') return false;
    const tool: unknown = entry[1];
    if (typeof tool !== 'object' || tool === null || !isToolDefinition(tool)) return false;
  }
  return true;
});

/** The rules of a provider, as a parameter. */
export const schemaDialect: Kind = objectThat('a dialect, such as genericDialect', (value) => {
  const { provider, notAtRoot }: { provider?: unknown; notAtRoot?: unknown } = value;
  return typeof provider === 'string' && fits(texts, notAtRoot);
});

const oneOrMoreGlobs: Kind = either(text, globs);

export const toolTraits = {
  name: { kind: oneOrMoreGlobs, about: 'Globs over exposed names: one of them must match.' },
  server: { kind: oneOrMoreGlobs, about: 'Globs over names of servers: one of them must match.' },
  readOnlyHint: { kind: flag, about: 'Whether the server says that the tool changes nothing.' },
  destructiveHint: {
    kind: flag,
    about: 'Whether the tool may destroy; one that says nothing of itself may.',
  },
} satisfies OptionTable;

const rules: Kind = listOf(
  either(text, optionsOf(toolTraits, 'an object of what a tool must match')),
  'an array of rules',
);

export const policyOptions = {
  allow: {
    kind: rules,
    byDefault: 'all of them',
    about: 'Only tools that match one of these rules are listed and can be called.',
  },
  deny: {
    kind: rules,
    byDefault: 'none',
    about: 'Tools that match one of these rules are neither listed nor callable, whatever `allow` says.',
    alias: ['exclude', 'block'],
  },
  approve: {
    kind: anyFunction,
    about: 'Asked before each call, when its arguments are valid.',
    alias: ['confirm', 'onApprove'],
  },
  rename: { kind: textsByName, about: 'New names, by exposed name.' },
  describe: { kind: textsByName, about: 'New descriptions, by exposed name.' },
  checkArguments: {
    kind: flag,
    default: true,
    about: "Whether arguments are checked against the tool's input schema before the call.",
  },
} satisfies OptionTable;

export const resultBounds = {
  maxChars: { kind: count(1), default: 20_000, about: 'Characters of text in a page.' },
  maxItems: { kind: count(1), default: 50, about: 'Blocks of content in a page.' },
  maxStored: {
    kind: count(0),
    default: 32,
    about: 'How many results are kept to be read on; the oldest goes first.',
  },
  maxStoredBytes: {
    kind: count(0, 'bytes'),
    default: 33_554_432,
    about: 'How many bytes all that is kept may have; the oldest goes first.',
  },
} satisfies OptionTable;

export const resourceToolOptions = {
  downloadTo: {
    kind: text,
    about: 'A folder that resources are saved into, instead of being shown to the model.',
  },
  maxFileBytes: { kind: count(0, 'bytes'), default: 67_108_864, about: 'How many bytes one file may have.' },
  maxTotalBytes: {
    kind: count(0, 'bytes'),
    default: 1_073_741_824,
    about: 'How many bytes all files together may have, as long as the toolkit lives.',
  },
} satisfies OptionTable;

const sanitize = {
  kind: flag,
  default: true,
  about:
    'Whether characters that nobody sees are removed from names, titles, descriptions and schemas of tools.',
} satisfies OptionTable[string];

export const toolkitOptions = {
  policy: { kind: optionsOf(policyOptions), about: 'What is listed, what may be called, and how.' },
  resources: {
    kind: switchOf(resourceToolOptions),
    default: false,
    about: 'Whether resources and templates are tools; with `downloadTo` they are saved.',
  },
  prompts: { kind: flag, default: false, about: 'Whether prompts are tools.' },
  sanitize,
  results: {
    kind: switchOf(resultBounds),
    default: false,
    about: 'Whether long results are handed out page by page, and how long a page is.',
  },
  timeoutMs: {
    kind: timeLimit,
    byDefault: "the session's",
    about: 'How long an answer may take when a call does not say.',
    alias: ['timeout'],
  },
} satisfies OptionTable;

export const modelToolOptions = {
  timeoutMs: callOptions.timeoutMs,
  maxTotalTimeoutMs: callOptions.maxTotalTimeoutMs,
  resetTimeoutOnProgress: callOptions.resetTimeoutOnProgress,
  meta: callOptions.meta,
  onError: {
    kind: anyFunction,
    about: 'Called with the whole error of a failed call, of which the model gets a short text.',
  },
  onProgress: { kind: anyFunction, about: 'Called with the progress of every call.' },
  sanitize,
} satisfies OptionTable;

const acceptsMedia: OptionTable[string] = {
  kind: anyFunction,
  about: 'Whether the model may be given media of this type; the rest is described in words.',
};

export const aiSdkOptions = {
  ...modelToolOptions,
  acceptsMedia: { ...acceptsMedia, byDefault: 'PNG, JPEG, GIF and WebP images, and PDF' },
  preliminaryResults: {
    kind: flag,
    default: false,
    about: 'Whether progress is given as preliminary results of the SDK.',
  },
} satisfies OptionTable;

export const openaiOptions = {
  ...modelToolOptions,
  strict: {
    kind: oneOf('exact', 'closed', 'never'),
    default: 'exact',
    about:
      'Which tools are sent as `strict`: those whose schema stays what it is, also those that a model then sends no unnamed arguments, or none.',
  },
  images: {
    kind: oneOf('beside', 'user-message'),
    default: 'beside',
    about:
      "Where images of results go in Chat Completions: to the program, or into a message of the user's role.",
  },
  maxTools: { kind: count(1), default: 128, about: 'How many tools a request may have.' },
} satisfies OptionTable;

export const langchainOptions = {
  ...modelToolOptions,
  acceptsMedia: { ...acceptsMedia, byDefault: 'none' },
  toolEvents: { kind: flag, default: false, about: 'Whether progress is given as tool events.' },
} satisfies OptionTable;

/** Options of one call by a model. */
export const runToolOptions = {
  ...callOptions,
  onError: modelToolOptions.onError,
} satisfies OptionTable;

/** Options of handling the calls in an answer of a model. */
export const handleOptions = {
  ...signalOption,
  leaveUnknown: {
    kind: flag,
    default: false,
    about: "Whether calls of tools that are not the toolkit's are left to the program.",
  },
  onProgress: modelToolOptions.onProgress,
} satisfies OptionTable;

export const searchToolkitOptions = {
  pinned: {
    kind: texts,
    byDefault: 'none',
    about: 'Tools that a model is shown all the time, by name; `*` and `?` are wildcards.',
  },
  limit: {
    kind: count(1),
    default: 5,
    about: 'How many tools a search shows when the model does not say; 20 at most.',
  },
} satisfies OptionTable;

export const serverChoiceOptions = {
  atOnce: { kind: count(1), default: 1, about: 'How many servers a model may use at a time.' },
  show: {
    kind: oneOf('list', 'describe'),
    default: 'list' as const,
    about: "Whether the server's tools join the list of tools, or are described and called by `call_tool`.",
  },
  descriptions: {
    kind: textsByName,
    about: 'The description of a server that a model gets, by the name of the server.',
  },
  group: {
    kind: objectThat('a SessionGroup', (value) => 'servers' in value && 'session' in value),
    byDefault: 'the source, if it is a `SessionGroup`',
    about: 'Where titles, descriptions and instructions of servers come from.',
  },
} satisfies OptionTable;
