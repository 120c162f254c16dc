/** A variable of a template. */
interface TemplateVariable {
  readonly name: string;
  /** Whether the variable may be left out. */
  readonly isOptional: boolean;
}

type TemplateValues = Readonly<Record<string, string | undefined>>;

/** A parsed URI template. */
interface FillableTemplate {
  readonly variables: readonly TemplateVariable[];
  readonly fill: (values: TemplateValues) => string;
}

/**
 * An operator of RFC 6570, section 3.2: its prefix, its separator, whether it writes names, and which characters it
 * leaves unescaped.
 */
interface Operator {
  readonly first: string;
  readonly between: string;
  readonly isNamed: boolean;
  readonly allowsReserved: boolean;
}

const plain = { between: ',', isNamed: false, allowsReserved: false };
const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['', { ...plain, first: '' }],
  ['+', { ...plain, first: '', allowsReserved: true }],
  ['#', { ...plain, first: '#', allowsReserved: true }],
  ['.', { ...plain, first: '.', between: '.' }],
  ['/', { ...plain, first: '/', between: '/' }],
  [';', { ...plain, first: ';', between: ';', isNamed: true }],
  ['?', { ...plain, first: '?', between: '&', isNamed: true }],
  ['&', { ...plain, first: '&', between: '&', isNamed: true }],
]);

interface Slot {
  readonly name: string;
  readonly maxLength: number;
}

type Part = string | { readonly operator: Operator; readonly slots: readonly Slot[] };

/** Parses an RFC 6570 template whose values are strings; undefined for an invalid template or one without variables. */
export function fillableTemplate(template: string): FillableTemplate | undefined {
  const parts = parse(template);
  const variables = new Map<string, TemplateVariable>();
  for (const part of parts ?? []) {
    if (typeof part === 'string') continue;
    const isOptional = part.operator.first === '?' || part.operator.first === '&';
    for (const { name } of part.slots) {
      variables.set(name, { name, isOptional: isOptional && variables.get(name)?.isOptional !== false });
    }
  }
  if (parts === undefined || variables.size === 0) return undefined;
  return {
    variables: [...variables.values()],
    fill: (values) => parts.map((part) => (typeof part === 'string' ? part : expand(part, values))).join(''),
  };
}

function parse(template: string): Part[] | undefined {
  const parts: Part[] = [];
  for (const [piece] of template.matchAll(/\{[^{}]*\}|[^{}]+|[{}]/g)) {
    if (!/^[{}]/.test(piece)) {
      parts.push(piece);
      continue;
    }
    const [, sign = '', list] = /^\{([+#./;?&]?)([^{}]+)\}$/.exec(piece) ?? [];
    const operator = OPERATORS.get(sign);
    const slots = list?.split(',').map(slotOf);
    if (operator === undefined || slots === undefined) return undefined;
    const known = slots.filter((slot) => slot !== undefined);
    if (known.length < slots.length) return undefined;
    parts.push({ operator, slots: known });
  }
  return parts;
}

/** `*` has no effect on a single string. */
function slotOf(text: string): Slot | undefined {
  const [, name, , length] = /^([\w.%]+)(\*|:(\d{1,4}))?$/.exec(text) ?? [];
  return name === undefined
    ? undefined
    : { name, maxLength: length === undefined ? Infinity : Number(length) };
}

function expand({ operator, slots }: Exclude<Part, string>, values: TemplateValues): string {
  const filled = slots.flatMap(({ name, maxLength }) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return [];
    const cut = maxLength === Infinity ? value : Array.from(value).slice(0, maxLength).join('');
    const text = encode(cut, operator.allowsReserved);
    if (!operator.isNamed) return [text];
    return [text === '' && operator.first === ';' ? name : `${name}=${text}`];
  });
  return filled.length === 0 ? '' : operator.first + filled.join(operator.between);
}

function encode(value: string, allowsReserved: boolean): string {
  // Replaces lone surrogates, which cannot be encoded as UTF-8.
  const text = Buffer.from(value).toString();
  if (!allowsReserved) return encodeURIComponent(text).replace(/[!'()*]/g, escape);
  const escapeOrIllegal = /%[\da-fA-F]{2}|[^\w.~:/?#[\]@!$&'()*+,;=-]/gu;
  return text.replace(escapeOrIllegal, (found) => (found.length === 3 ? found : encodeURIComponent(found)));
}

function escape(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}
