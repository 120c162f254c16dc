import { configFailure, inputUnusable } from '../../errors/config.ts';
import { isRecord } from '../../internal/checks.ts';
import { printable, suggestion } from '../../internal/text.ts';
import type { ConfigInput, ConfigPrompt } from '../config.ts';
import { describe, describeWord } from '../../options/wording.ts';
import type { Findings } from '../read/findings.ts';
import { printPath, type JsonPath } from '../json/json-path.ts';
import { TemplateError } from './template.ts';

/** An input of the file; `command` for one whose value an editor's command would give, which is not supported. */
type InputDefinition = InputQuestion | 'command';

type InputQuestion = Omit<ConfigInput, 'field'>;

/** Thrown when the value is not known yet: the user has to be asked first, or another problem hides it. */
export class AnswerPending extends TemplateError {}

/**
 * The inputs of a file. It is expanded twice: the first round collects the inputs that are used, then the user is
 * asked, and the second round has the answers. So the user is not asked for a secret when the file is refused anyway.
 */
export class Inputs {
  readonly #definitions: ReadonlyMap<string, InputDefinition>;
  readonly #answers = new Map<string, string>();
  /** The inputs that are used, with the places that use them. */
  readonly #wanted = new Map<string, { readonly input: InputQuestion; readonly paths: JsonPath[] }>();
  readonly #mayAsk: boolean;

  constructor(definitions: ReadonlyMap<string, InputDefinition>, mayAsk: boolean) {
    this.#definitions = definitions;
    this.#mayAsk = mayAsk;
  }

  /** The answer. Throws {@link AnswerPending} in the first round, a {@link TemplateError} when there can be none. */
  get(id: string, path: JsonPath): string {
    const answer = this.#answers.get(id);
    if (answer !== undefined) return answer;
    const definition = this.#definitions.get(id);
    if (definition === undefined) {
      const known = suggestion(id, this.#definitions.keys());
      throw new TemplateError(
        `wants the input "${printable(id, 80)}", which "inputs" does not describe.${known}`,
      );
    }
    if (definition === 'command') {
      throw new TemplateError(
        `wants the input "${printable(id, 80)}", which runs a command; nothing is run to get a value`,
      );
    }
    if (!this.#mayAsk) {
      throw new TemplateError(
        `wants the input "${printable(id, 80)}", and there is nobody to ask: the command line asks on a terminal, ` +
          'a program gives loadConfig the option "prompt"; or use a variable of the environment: ${VAR}',
      );
    }
    const wanted = this.#wanted.get(id);
    if (wanted === undefined) this.#wanted.set(id, { input: definition, paths: [path] });
    else wanted.paths.push(path);
    throw new AnswerPending();
  }

  get complete(): boolean {
    return this.#wanted.size === 0;
  }

  /**
   * Asks for the inputs that are used at a place that `matters`, one after the other. Rejects with the error of
   * `prompt`.
   */
  async ask(prompt: ConfigPrompt, matters: (path: JsonPath) => boolean): Promise<void> {
    for (const [id, { input, paths }] of this.#wanted) {
      const path = paths.find(matters);
      if (path === undefined) continue;
      this.#answers.set(id, await answerOf({ ...input, field: printPath(path) }, prompt));
    }
    this.#wanted.clear();
  }
}

async function answerOf(input: ConfigInput, prompt: ConfigPrompt): Promise<string> {
  const doing = `Asking for the input "${printable(input.id, 80)}"`;
  let answer: unknown;
  try {
    answer = await prompt(input);
  } catch (error) {
    throw configFailure(doing, error);
  }
  if (typeof answer !== 'string') {
    throw inputUnusable(doing, `must be a string, not ${describe(answer)}`);
  }
  if (input.options !== undefined && !input.options.some(({ value }) => value === answer)) {
    throw inputUnusable(doing, 'is none of its options');
  }
  return answer;
}

/** Reads the `inputs` of a file, in VS Code's format. */
export function readInputs(given: unknown, findings: Findings): Map<string, InputDefinition> {
  const definitions = new Map<string, InputDefinition>();
  if (given === undefined) return definitions;
  if (!Array.isArray(given)) {
    findings.problem(['inputs'], `found ${describe(given)}, allowed an array of inputs`);
    return definitions;
  }
  for (const [index, each] of (given as unknown[]).entries()) {
    const id = isRecord(each) ? each['id'] : undefined;
    if (typeof id === 'string' && definitions.has(id)) {
      findings.problem(['inputs', index, 'id'], `found ${describeWord(id)} a second time; an id stands once`);
    }
    const definition = readInput(each, index, findings);
    if (definition !== undefined && typeof id === 'string') definitions.set(id, definition);
  }
  return definitions;
}

function readInput(given: unknown, index: number, findings: Findings): InputDefinition | undefined {
  const refuse = (field: string, allowed: string, found: unknown): undefined => {
    findings.problem(
      ['inputs', index, ...(field === '' ? [] : [field])],
      `found ${describe(found)}, allowed ${allowed}`,
    );
  };
  if (!isRecord(given)) return refuse('', 'an object with "id" and "type"', given);
  const { id, type, description, password, default: byDefault } = given;
  if (typeof id !== 'string' || id === '') return refuse('id', 'a name', id);
  if (type === 'command') return 'command'; // An error only where its value is used.
  if (type !== 'promptString' && type !== 'pickString') {
    return refuse('type', '"promptString" or "pickString"', type);
  }
  const options = type === 'pickString' ? readOptions(given['options']) : undefined;
  if (type === 'pickString' && options === undefined) {
    return refuse('options', 'an array of strings, or of objects with "label" and "value"', given['options']);
  }
  return {
    id,
    type,
    password: password === true,
    ...(typeof description === 'string' && { description }),
    ...(typeof byDefault === 'string' && { default: byDefault }),
    ...(options !== undefined && { options }),
  };
}

function readOptions(given: unknown): { label: string; value: string }[] | undefined {
  if (!Array.isArray(given) || given.length === 0) return undefined;
  const options: { label: string; value: string }[] = [];
  for (const each of given as unknown[]) {
    if (typeof each === 'string') options.push({ label: each, value: each });
    else if (isRecord(each) && typeof each['value'] === 'string') {
      const { label, value } = each;
      options.push({ label: typeof label === 'string' ? label : value, value });
    } else return undefined;
  }
  return options;
}
