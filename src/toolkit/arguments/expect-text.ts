import { PlenumError } from '../../errors/plenum-error.ts';

/** Reads a required string argument of a tool that the toolkit adds. Throws `INVALID_ARGUMENTS`. */
export function expectText(args: Readonly<Record<string, unknown>>, name: string): string {
  const text = optionalText(args, name);
  if (text === undefined) throw notText(name);
  return text;
}

/** Reads an optional string argument. Throws `INVALID_ARGUMENTS`. */
export function optionalText(args: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw notText(name);
}

function notText(name: string): PlenumError {
  const message = `The argument ${JSON.stringify(name)} must be a string.`;
  return new PlenumError('INVALID_ARGUMENTS', message, { maybeExecuted: false });
}
