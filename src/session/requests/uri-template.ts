/** Whether a URI matches a template. */
export type UriMatcher = (uri: string) => boolean;

/** One step of a match: a character, or one or more characters of a kind. */
type Step = { readonly char: string } | { readonly oneOrMore: (char: string) => boolean };

/** What comes before the values of an expression, by its operator (RFC 6570); as in the official SDK. */
const PREFIX: Readonly<Record<string, string>> = { '#': '#', '.': '.', '/': '/' };
const anything = (): boolean => true;
const noSeparator = (char: string): boolean => char !== '/' && char !== ',';
const noSlash = (char: string): boolean => char !== '/';
const noAmpersand = (char: string): boolean => char !== '&';

/**
 * Compiles an RFC 6570 template. One that cannot be parsed matches nothing.
 *
 * Uses no regular expression: templates come from servers, and one could be chosen so that it takes exponential time.
 * Here matching takes time in proportion to the lengths of URI and template.
 */
export function compileUriTemplate(template: string): UriMatcher {
  const steps = parse(template);
  if (steps === undefined) return () => false;
  return (uri) => matches(steps, uri);
}

function parse(template: string): Step[] | undefined {
  const steps: Step[] = [];
  for (let at = 0; at < template.length;) {
    if (template[at] !== '{') {
      steps.push({ char: template.charAt(at++) });
      continue;
    }
    const end = template.indexOf('}', at);
    if (end < 0) return undefined;
    steps.push(...expression(template.slice(at + 1, end)));
    at = end + 1;
  }
  return steps;
}

function expression(text: string): Step[] {
  const operator = /^[+#./?&;]/.test(text) ? text.charAt(0) : '';
  const names = text.slice(operator.length).split(',');
  const literal = (chars: string): Step[] => Array.from(chars, (char) => ({ char }));
  if (operator === '?' || operator === '&' || operator === ';') {
    return names.flatMap((name, index) => [
      ...literal(`${index === 0 ? operator : operator === ';' ? ';' : '&'}${name.replace('*', '')}=`),
      { oneOrMore: noAmpersand },
    ]);
  }
  const reserved = operator === '+' || operator === '#';
  return names.flatMap((name, index) => [
    ...literal(index === 0 ? (PREFIX[operator] ?? '') : (PREFIX[operator] ?? ',')),
    { oneOrMore: reserved ? anything : name.endsWith('*') ? noSlash : noSeparator },
  ]);
}

/** Keeps, after each character, the set of all steps that a match can have reached. */
function matches(steps: readonly Step[], uri: string): boolean {
  let reached = new Set([0]);
  for (const char of uri) {
    const next = new Set<number>();
    for (const at of reached) {
      const step = steps[at];
      const last = steps[at - 1];
      if (step !== undefined && ('char' in step ? step.char === char : step.oneOrMore(char)))
        next.add(at + 1);
      if (last !== undefined && 'oneOrMore' in last && last.oneOrMore(char)) next.add(at);
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(steps.length);
}
