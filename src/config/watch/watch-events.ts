import type { PlenumError } from '../../errors/plenum-error.ts';
import type { Config } from '../config.ts';

/** What happens to a watched configuration. */
export type ConfigWatchEvent =
  /** The file changed, and the group is as it says, but for `failed`. */
  | {
      readonly type: 'reloaded';
      readonly config: Config;
      /** Names of servers that were opened, that were closed and opened anew, and that were closed. */
      readonly added: readonly string[];
      readonly changed: readonly string[];
      readonly removed: readonly string[];
      /** Servers that could not be opened, by name; they are tried again with the next change. */
      readonly failed: ReadonlyMap<string, PlenumError>;
      /** Whether what holds for the whole group changed: that takes effect with the next group. */
      readonly groupOptionsChanged: boolean;
    }
  /** The file cannot be used as it is; the group stays as it was. */
  | { readonly type: 'problem'; readonly error: PlenumError };
