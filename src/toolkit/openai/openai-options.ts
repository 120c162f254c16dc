import { checkOptions } from '../../options/check-options.ts';
import { openaiOptions } from '../../options/tables/toolkit.ts';
import type { ModelToolOptions } from '../model-tool.ts';

export interface OpenaiToolkitOptions extends ModelToolOptions {
  /**
   * Which tools are sent as `strict`, so that the model can only send arguments that match the schema. `exact`: those
   * whose schema strict mode can express exactly. `closed`: also those that leave open whether there are further
   * arguments, which the model then cannot send. `never`: none.
   * @default 'exact'
   */
  strict?: 'exact' | 'closed' | 'never' | undefined;
  /**
   * Where images of results go in Chat Completions, whose tool messages accept texts only. `beside`: the program gets
   * them in `HandledCall.beside`. `user-message`: the model gets them in a message with the user's role after the
   * results; this needs a model with vision, and lets a server add content in the user's role.
   * @default 'beside'
   */
  images?: 'beside' | 'user-message' | undefined;
  /**
   * How many tools a request may have. Further tools are listed in `problems`.
   * @default 128, which is OpenAI's limit
   */
  maxTools?: number | undefined;
}

/** Throws `CONFIG_INVALID`. */
export function checkOpenaiOptions(options: OpenaiToolkitOptions): void {
  checkOptions(openaiOptions, options, 'Toolkit options');
}
