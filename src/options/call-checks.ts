import { callOptionsInvalid } from '../errors/options.ts';
import { messageOf, type PlenumError } from '../errors/plenum-error.ts';
import { printable } from '../internal/text.ts';
import { firstFault } from './check-options.ts';
import { fits, isOptionsObject } from './faults.ts';
import { abortSignal, timeLimit, type Kind, type OptionTable } from './kinds.ts';
import { groupReadyOptions, groupReconnectOptions } from './tables/group.ts';
import {
  callOptions,
  readOptions,
  requestOptions,
  serverChoice,
  signalOption,
  pageOptions,
} from './tables/session.ts';

/** What is wrong with the options of a call, as a sentence; undefined when nothing is. */
export type CallCheck = (options: unknown) => string | undefined;

/** The check of a call's options. It is on the path of every call: for valid options it allocates nothing. */
function checkOf(table: OptionTable): CallCheck {
  const tests = new Map(Object.entries(table).map(([name, { kind }]) => [name, testOf(kind)]));
  return (options) => {
    try {
      if (!isOptionsObject(options)) return firstFault(table, options, 'Options of a call');
      for (const name in options) {
        const value = options[name];
        if (value === undefined) continue;
        if (tests.get(name)?.(value) !== true) return firstFault(table, options, 'Options of a call');
      }
      return undefined;
    } catch (error) {
      // A getter or a proxy threw.
      return `Options of a call cannot be read: ${printable(messageOf(error))}.`;
    }
  };
}

/** As `fits`, but faster for the kinds of options that calls have. */
function testOf(kind: Kind): (value: unknown) => boolean {
  switch (kind.is) {
    case 'number':
      return kind === timeLimit ? isTimeLimit : (value) => fits(kind, value);
    case 'function':
      return isFunction;
    case 'object':
      return kind === abortSignal ? isSignal : (value) => fits(kind, value);
    default:
      return (value) => fits(kind, value);
  }
}

function isTimeLimit(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isSignal(value: unknown): boolean {
  return value instanceof AbortSignal || fits(abortSignal, value);
}

export const checkCall = checkOf(callOptions);
export const checkPage = checkOf(pageOptions);
export const checkRead = checkOf(readOptions);
export const checkRequest = checkOf(requestOptions);
/** The same, of calls of a group that may name a server. */
export const checkGroupCall = checkOf({ ...callOptions, ...serverChoice });
export const checkGroupRead = checkOf({ ...readOptions, ...serverChoice });
export const checkGroupReconnect = checkOf(groupReconnectOptions);
export const checkGroupReady = checkOf(groupReadyOptions);
export const checkAuthorize = checkOf(signalOption);

/** `doing` starts the message: `Calling tool "x" on server "y"`. */
export function invalidCall(doing: string, fault: string, server?: string): PlenumError {
  return callOptionsInvalid(doing, fault, server);
}
