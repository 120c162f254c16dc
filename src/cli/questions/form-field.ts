import { isRecord } from '../../internal/checks.ts';
import { lineText } from '../terminal/terminal-text.ts';

interface Choice {
  readonly value: string;
  /** Fit for a terminal. */
  readonly label: string;
}

type FieldKind =
  | { readonly kind: 'text'; readonly format: string | undefined; readonly initial: string | undefined }
  | { readonly kind: 'number'; readonly integer: boolean; readonly initial: string | undefined }
  | { readonly kind: 'boolean'; readonly initial: boolean | undefined }
  | { readonly kind: 'choice'; readonly choices: readonly Choice[]; readonly initial: string | undefined }
  | { readonly kind: 'choices'; readonly choices: readonly Choice[]; readonly initial: readonly string[] };

/** One field of a server's elicitation form. */
export type FormField = FieldKind & {
  readonly name: string;
  /** Fit for a terminal. */
  readonly label: string;
  readonly required: boolean;
  /** The limits of a number, of the length of a text, or of the number of choices. */
  readonly min: number;
  readonly max: number;
};

/** Reads the fields of a form's schema. A field of an unknown kind is asked for as text. */
export function readFields(schema: Readonly<Record<string, unknown>>): FormField[] {
  const properties = isRecord(schema['properties']) ? schema['properties'] : {};
  const required: unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties).map(([name, given]) => {
    const field = isRecord(given) ? given : {};
    const title = lineText(textOf(field['title']) ?? name, 200);
    const description = textOf(field['description']);
    const label = description === undefined ? title : `${title}: ${lineText(description, 500)}`;
    const [least, most] = boundsOf(field);
    return {
      ...kindOf(field),
      name,
      label,
      required: required.includes(name),
      min: numberOf(field[least]) ?? -Infinity,
      max: numberOf(field[most]) ?? Infinity,
    };
  });
}

function kindOf(field: Readonly<Record<string, unknown>>): FieldKind {
  const { type, default: initial, items } = field;
  switch (type) {
    case 'boolean':
      return { kind: 'boolean', initial: typeof initial === 'boolean' ? initial : undefined };
    case 'number':
    case 'integer':
      return { kind: 'number', integer: type === 'integer', initial: numberOf(initial)?.toString() };
    case 'array': {
      const texts = Array.isArray(initial) ? initial.filter((each) => typeof each === 'string') : [];
      return { kind: 'choices', choices: isRecord(items) ? choicesOf(items) : [], initial: texts };
    }
    default: {
      const choices = choicesOf(field);
      if (choices.length > 0) return { kind: 'choice', choices, initial: textOf(initial) };
      return { kind: 'text', format: textOf(field['format']), initial: textOf(initial) };
    }
  }
}

/** Reads the choices, for which the protocol has three notations. */
function choicesOf({ enum: values, enumNames, oneOf, anyOf }: Readonly<Record<string, unknown>>): Choice[] {
  const titled = oneOf ?? anyOf;
  if (Array.isArray(titled)) {
    return titled.filter(isRecord).flatMap(({ const: value, title }) => choice(value, title));
  }
  if (!Array.isArray(values)) return [];
  const names: unknown[] = Array.isArray(enumNames) ? enumNames : [];
  return values.flatMap((value, index) => choice(value, names[index]));
}

function choice(value: unknown, title: unknown): Choice[] {
  return typeof value === 'string' ? [{ value, label: lineText(textOf(title) ?? value, 200) }] : [];
}

function boundsOf({ type }: Readonly<Record<string, unknown>>): [least: string, most: string] {
  if (type === 'array') return ['minItems', 'maxItems'];
  return type === 'string' ? ['minLength', 'maxLength'] : ['minimum', 'maximum'];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** Why a text is no valid answer to a field; undefined when it is valid. */
export function faultOf(field: FormField, text: string): string | undefined {
  const { min, max, required } = field;
  if (text === '') return required ? 'This field is required.' : undefined;
  if (field.kind === 'number') {
    const value = Number(text);
    if (!Number.isFinite(value) || text.trim() === '') return 'This must be a number.';
    if (field.integer && !Number.isInteger(value)) return 'This must be a whole number.';
    if (value < min) return `This must be ${min} or more.`;
    return value > max ? `This must be ${max} or less.` : undefined;
  }
  if (field.kind !== 'text') return undefined;
  const { length } = Array.from(text);
  if (length < min) return `This must have ${min} characters or more.`;
  if (length > max) return `This must have ${max} characters or fewer.`;
  return field.format === undefined ? undefined : formatFault(field.format, text);
}

function formatFault(format: string, text: string): string | undefined {
  const isDate = !Number.isNaN(Date.parse(text));
  switch (format) {
    case 'email':
      return /^[^\s@]+@[^\s@]+$/.test(text) ? undefined : 'This must be an e-mail address.';
    case 'uri':
      return URL.canParse(text) ? undefined : 'This must be a URI, with its scheme.';
    case 'date':
      return isDate && /^\d{4}-\d\d-\d\d$/.test(text) ? undefined : 'This must be a date: 2026-07-28.';
    case 'date-time':
      return isDate && /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/i.test(text)
        ? undefined
        : 'This must be a time: 2026-07-28T12:00:00Z.';
    default:
      return undefined;
  }
}
