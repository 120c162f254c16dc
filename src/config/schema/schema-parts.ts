import { z } from 'zod';

/*
 * The `error` of a part says what is allowed: a message is "found …, allowed …". The description is for editors,
 * by way of the published JSON Schema.
 */

export function text(description: string) {
  return z
    .string({ error: 'a string' })
    .min(1, { error: 'a string that is not empty' })
    .regex(/^[^\0]*$/, { error: 'a string without NUL characters' })
    .meta({ description });
}

/** The URL of a server. It is checked here, so that its problems are reported with all others. */
export function serverUrl(description: string) {
  return text(description).superRefine((url, context) => {
    const allowed = urlRule(url);
    if (allowed !== undefined) context.addIssue({ code: 'custom', message: allowed });
  });
}

/** The rule that a URL breaks; undefined for a valid one. */
function urlRule(url: string): string | undefined {
  if (!URL.canParse(url)) return 'a whole URL: "https://…"';
  const { protocol, username, password } = new URL(url);
  if (!/^(https?|wss?):$/.test(protocol)) return 'a URL that begins with http:, https:, ws: or wss:';
  if (username === '' && password === '') return undefined;
  return 'a URL without user name and password, which would show up in messages: "headers" and "auth" are for them';
}

export function flag(description: string) {
  return z.boolean({ error: 'true or false' }).meta({ description });
}

export function durationMs(description: string) {
  const error = 'a number of milliseconds, 0 or more';
  return z.number({ error }).min(0, { error }).meta({ description });
}

export function count(least: number, description: string) {
  const error = `a whole number, ${least} or more`;
  return z.int({ error }).min(least, { error }).meta({ description });
}

export function oneOf<const T extends readonly [string, ...string[]]>(words: T, description: string) {
  const error = words.map((word) => `"${word}"`).join(', ');
  return z.enum(words, { error: words.length === 1 ? error : `one of ${error}` }).meta({ description });
}

export function texts(description: string) {
  return z.array(z.string({ error: 'a string' }), { error: 'an array of strings' }).meta({ description });
}

export function globs(description: string) {
  return z.array(text('A glob.'), { error: 'an array of globs' }).meta({ description });
}

export function textsByName(description: string) {
  return z
    .record(z.string(), z.string({ error: 'a string' }), { error: 'an object of strings' })
    .meta({ description });
}

/** An option that is off, on, or on with details. */
export function switchWith<T extends z.ZodObject>(details: T, description: string) {
  const error = 'true, false or an object of options';
  return z.union([z.boolean(), details], { error }).meta({ description });
}

/** An option that is on with details, or off. */
export function offOr<T extends z.ZodObject>(details: T, description: string) {
  return z
    .union([z.literal(false), details], { error: 'false or an object of options' })
    .meta({ description });
}

/** An object whose properties may all be left out. */
export function options<T extends z.ZodRawShape>(shape: T) {
  return z.object(shape, { error: 'an object' });
}
