import { argumentInvalid } from '../../errors/toolkit.ts';

/** Reads a required string argument of a tool that the toolkit adds. Throws `INVALID_ARGUMENTS`. */
export function expectText(args: Readonly<Record<string, unknown>>, name: string): string {
  const text = optionalText(args, name);
  if (text === undefined) throw argumentInvalid(name, 'must be a string');
  return text;
}

/** Reads an optional string argument. Throws `INVALID_ARGUMENTS`. */
export function optionalText(args: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(args, name) ? args[name] : undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw argumentInvalid(name, 'must be a string');
}
