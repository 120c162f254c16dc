import { callOptionsInvalid } from '../errors/options.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import { argumentFault } from './check-options.ts';
import { isRecord } from '../internal/checks.ts';
import { LOG_LEVELS } from '../internal/log-levels.ts';
import { messageOf } from '../errors/plenum-error.ts';
import { printable } from '../internal/text.ts';
import { fits, isOptionsObject } from './faults.ts';
import {
  either,
  objectThat,
  oneOf,
  optionsOf,
  protocolKeyIn,
  string,
  textsByName,
  urlObject,
  type Kind,
  type OptionTable,
} from './kinds.ts';

const uri: Kind = either(string, urlObject);

/**
 * Whether a tool's arguments are an object that has them by name. A `Map`, a promise or an instance of another built-in class
 * would be sent without all that it holds. On the path of every call.
 */
export function areArguments(args: unknown): boolean {
  try {
    return isOptionsObject(args);
  } catch {
    return true; // A proxy threw; it does so again when it is read.
  }
}

/** Recognised elsewhere: here it only says what would be right. */
const entry: Kind = objectThat('an entry of the catalog', () => false);

const nameOrEntry: Kind = either(string, entry);
const uriOrEntry: Kind = either(uri, entry);

const reference: Kind = objectThat(
  'an object such as { type: "ref/prompt", name } or { type: "ref/resource", uri }',
  (value) => {
    const type: unknown = Reflect.get(value, 'type');
    if (type === 'ref/prompt') return typeof Reflect.get(value, 'name') === 'string';
    return type === 'ref/resource' && typeof Reflect.get(value, 'uri') === 'string';
  },
);

const rawRequest: Kind = objectThat(
  'an object such as { method, params }',
  (value) => {
    const params: unknown = Reflect.get(value, 'params');
    const isSendable = params === undefined || (typeof params === 'object' && params !== null);
    return (
      typeof Reflect.get(value, 'method') === 'string' && isSendable && protocolKeyOf(value) === undefined
    );
  },
  (value) => {
    const key = protocolKeyOf(value);
    return key === undefined ? undefined : `one with the protocol's own key "${key}" in "_meta"`;
  },
);

function protocolKeyOf(message: object): string | undefined {
  const params: unknown = Reflect.get(message, 'params');
  const meta: unknown =
    typeof params === 'object' && params !== null ? Reflect.get(params, '_meta') : undefined;
  return typeof meta === 'object' && meta !== null ? protocolKeyIn(meta) : undefined;
}

const logLevel: Kind = oneOf(...LOG_LEVELS);

const completedArgument: OptionTable = {
  name: { kind: string, required: true, about: 'Which argument.' },
  value: { kind: string, required: true, about: 'What is typed of it so far.' },
};

const completionContext: OptionTable = {
  arguments: { kind: textsByName, about: 'The values of the arguments already known.' },
};

/** The arguments of calls, beside their options. */
const KINDS = {
  name: nameOrEntry,
  uri: uriOrEntry,
  args: textsByName,
  ref: reference,
  argument: optionsOf(completedArgument, 'an object such as { name, value }'),
  context: optionsOf(completionContext, 'an object such as { arguments }'),
  level: logLevel,
  request: rawRequest,
  notification: rawRequest,
} as const;

/** Arguments by what the call's declaration calls them. */
export type CallArguments = { readonly [K in keyof typeof KINDS]?: unknown };

/** Those that may be left out. */
const OPTIONAL: ReadonlySet<string> = new Set(['args', 'context']);

/** What is wrong with a tool's name that is no string. Every call is checked, so the check itself is the caller's. */
export function toolNameInvalid(name: unknown, server?: string): PlenumError {
  const doing = server === undefined ? 'Calling a tool' : `Calling a tool on server "${server}"`;
  return callOptionsInvalid(doing, checkedFault('name', nameOrEntry, name) ?? '', server);
}

/**
 * Checks the arguments of a call, for callers whose program has no types. Throws `INVALID_ARGUMENTS`; `doing` begins the
 * message.
 */
export function checkArguments(doing: string, given: CallArguments, server?: string): void {
  for (const [name, kind] of Object.entries(KINDS)) {
    if (!Object.hasOwn(given, name)) continue;
    const value: unknown = Reflect.get(given, name);
    if (value === undefined && OPTIONAL.has(name)) continue;
    const fault = checkedFault(name, kind, value);
    if (fault !== undefined) throw callOptionsInvalid(doing, fault, server);
  }
}

function checkedFault(name: string, kind: Kind, value: unknown): string | undefined {
  try {
    return fits(kind, value) ? undefined : faultOf(name, kind, value);
  } catch (error) {
    // A getter or a proxy threw.
    return `Argument "${name}" cannot be read: ${printable(messageOf(error))}.`;
  }
}

/** What may stand beside the first argument in the params of a request, as the official client takes them. */
const FURTHER_MEMBERS = ['arguments', 'argument', 'context'];

function faultOf(name: string, kind: Kind, value: unknown): string {
  const fault = argumentFault(name, kind, value);
  if (!isRecord(value) || !(name in value)) return fault;
  const others = FURTHER_MEMBERS.filter((member) => member in value).map((member) => `"${member}"`);
  const after = others.length === 0 ? '' : `, and its ${others.join(' and ')} after it`;
  return `${fault} Give its "${name}" by itself${after}.`;
}
