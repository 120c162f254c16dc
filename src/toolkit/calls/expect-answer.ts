import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';

/** Throws `CONFIG_INVALID` for what has no list of this name, and so is not what a model answered. */
export function expectAnswer(method: string, wanted: string, answer: unknown, list: string): void {
  if (isRecord(answer) && Array.isArray(answer[list])) return;
  throw new PlenumError(
    'CONFIG_INVALID',
    `${method}() takes ${wanted} as the SDK gave it, with a list "${list}".`,
  );
}

/** The same for Chat Completions: a message without calls has no list, and neither has the answer around it. */
export function expectMessage(message: unknown): void {
  if (isRecord(message) && !('choices' in message) && !('output' in message)) return;
  throw new PlenumError(
    'CONFIG_INVALID',
    'handleToolCalls() takes a message of Chat Completions, "choices[0].message"; ' +
      'for a response of Responses there is responses.handleToolCalls().',
  );
}
