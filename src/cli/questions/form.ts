import type { Ask } from './ask.ts';
import { faultOf, type FormField } from './form-field.ts';

export type Answer = string | number | boolean | string[];

/** Asks for the fields of a form, one after the other. Empty answers are left out. */
export async function askFields(ask: Ask, fields: readonly FormField[]): Promise<Record<string, Answer>> {
  const answers: [string, Answer][] = [];
  for (const field of fields) {
    const answer = await askField(ask, field);
    if (answer !== undefined) answers.push([field.name, answer]);
  }
  return Object.fromEntries(answers);
}

async function askField(ask: Ask, field: FormField): Promise<Answer | undefined> {
  const { text, confirm, select, multiselect } = await import('@clack/prompts');
  const { label, required, min, max } = field;
  const message = required ? label : `${label} (optional)`;
  switch (field.kind) {
    case 'boolean':
      return ask<boolean>((streams) =>
        confirm({ message, initialValue: field.initial ?? false, ...streams }),
      );
    case 'choice': {
      const options = [
        ...field.choices.map(({ value, label }) => ({ value, label })),
        ...(required ? [] : [{ value: '', label: '(leave empty)' }]),
      ];
      const initial = field.initial ?? (required ? undefined : '');
      const start = initial === undefined ? {} : { initialValue: initial };
      const answer = await ask<string>((streams) => select({ message, options, ...start, ...streams }));
      return answer === '' && !required ? undefined : answer;
    }
    case 'choices': {
      const options = field.choices.map(({ value, label }) => ({ value, label }));
      for (;;) {
        const answer = await ask<string[]>((streams) =>
          multiselect({
            message,
            options,
            initialValues: [...field.initial],
            required: required && min > 0,
            ...streams,
          }),
        );
        if (answer.length === 0 && !required) return undefined;
        if (answer.length >= min && answer.length <= max) return answer;
      }
    }
    case 'text':
    case 'number': {
      const validate = (value: string | undefined): string | undefined => faultOf(field, value ?? '');
      const start = field.initial === undefined ? {} : { initialValue: field.initial };
      const answer = await ask<string>((streams) => text({ message, validate, ...start, ...streams }));
      if (answer === undefined || answer === '') return undefined;
      return field.kind === 'number' ? Number(answer) : answer;
    }
  }
}
