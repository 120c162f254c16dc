/** Replaces a possible secret. */
const HIDDEN = '…';

/** Names of arguments and variables whose values are secrets. */
const SECRET_NAME =
  /token|secret|passw|pwd|credential|auth|cookie|header|bearer|api.?key|access.?key|private.?key|^-*key$/i;

/** Arguments whose value may contain a secret under any name: a header, a variable, a user with a password. */
const CARRIER = /^(-H|-e|-u|--env|--user)$/;

/** Describes a server for people: its command line or its URL, with `…` instead of possible secrets. */
export function serverTarget(definition: Readonly<Record<string, unknown>>): string {
  const { command, args, url, httpUrl, serverUrl } = definition;
  if (typeof command === 'string') {
    const given: unknown[] = Array.isArray(args) ? args : [];
    return [command, ...shownArguments(given.filter((arg) => typeof arg === 'string'))].join(' ');
  }
  return shownUrl([url, httpUrl, serverUrl].find((each) => typeof each === 'string') ?? '');
}

function shownArguments(args: readonly string[]): string[] {
  return args.map((arg, index) => {
    const before = args[index - 1] ?? '';
    if (CARRIER.test(before)) return shownPair(arg) ?? (/^\w+$/.test(arg) && before !== '-u' ? arg : HIDDEN);
    const names = before.startsWith('-') && !before.includes('=') && SECRET_NAME.test(before);
    return names && !arg.startsWith('-') ? hidden(arg) : shownArgument(arg);
  });
}

function shownArgument(arg: string): string {
  const [, name, value = ''] = /^(--?[\w.-]+=)(.*)$/s.exec(arg) ?? [];
  if (name !== undefined) return name + (SECRET_NAME.test(name) ? hidden(value) : shownText(value));
  return shownPair(arg) ?? shownText(arg);
}

/** `NAME=value`, as variables are given. */
function shownPair(arg: string): string | undefined {
  const [, name, value = ''] = /^([A-Za-z_]\w*=)(.*)$/s.exec(arg) ?? [];
  return name === undefined ? undefined : name + hidden(value);
}

function shownText(text: string): string {
  if (/^\w[\w+.-]*:\/\//.test(text)) return shownUrl(text);
  return looksRandom(text) || /\bBearer\s/i.test(text) ? HIDDEN : text;
}

/** References are shown: they name a secret but do not contain it. */
function hidden(value: string): string {
  return /^\$\{[^}]*\}$/.test(value) && !value.includes(':-') ? value : HIDDEN;
}

/** A URL without user, password, query and fragment, and without path segments that look like keys. */
function shownUrl(text: string): string {
  const [, scheme = '', host = '', path = ''] =
    /^(\w[\w+.-]*:\/\/)?(?:[^/?#]*@)?([^/?#]*)([^?#]*)/.exec(text) ?? [];
  const steps = path.split('/').map((step) => (looksRandom(step) ? HIDDEN : step));
  const rest = /[?#]/.test(text) ? `?${HIDDEN}` : '';
  return scheme + host + steps.join('/') + rest;
}

/** Whether a text is long, mixes letters and digits and is no path, or has the prefix of a well-known kind of key. */
function looksRandom(text: string): boolean {
  if (/^(sk|pk|gh[a-z]|github_pat|glpat|xox[a-z]|AKIA|eyJ)[-_]?[\w.-]{8,}$/.test(text)) return true;
  const isPath = /^(\.{0,2}|~)\/|\.[A-Za-z]{1,4}$/.test(text);
  return !isPath && /^[\w.~+/=-]{16,}$/.test(text) && /\d[A-Za-z]/.test(text) && /[A-Za-z]\d/.test(text);
}
