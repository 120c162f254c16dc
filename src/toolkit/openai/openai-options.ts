import { checkCount, checkOneOf } from '../../internal/checks.ts';
import { checkModelToolOptions, type ModelToolOptions } from '../model-tool.ts';

export interface OpenaiToolkitOptions extends ModelToolOptions {
  /**
   * Which tools are sent as `strict`, so that a model cannot but send arguments that fit: those whose schema can be
   * said so with nothing changed (`exact`); also those that do not say whether they take arguments they do not name,
   * which a model then cannot send (`closed`); or none (`never`).
   * @default 'exact'
   */
  strict?: 'exact' | 'closed' | 'never' | undefined;
  /**
   * Where images of results go in Chat Completions, whose tool messages take texts only: the program gets them beside
   * (`HandledCall.beside`), or the model sees them in a message of the user's role after the results. A model must
   * have eyes for that, and a server then speaks in the user's name.
   * @default 'beside'
   */
  images?: 'beside' | 'user-message' | undefined;
  /**
   * How many tools a request may have; what is more is among the `problems`.
   * @default 128, which is OpenAI's limit
   */
  maxTools?: number | undefined;
}

/** Throws `CONFIG_INVALID`. */
export function checkOpenaiOptions({ strict, images, maxTools, ...calls }: OpenaiToolkitOptions): void {
  checkModelToolOptions(calls);
  checkOneOf('strict', strict, ['exact', 'closed', 'never']);
  checkOneOf('images', images, ['beside', 'user-message']);
  checkCount('maxTools', maxTools, 1);
}
