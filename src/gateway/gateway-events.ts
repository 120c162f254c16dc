import type { PlenumError } from '../errors/plenum-error.ts';
import type { DenialReason } from './routing/denied.ts';
import type { GroupEvent } from '../group/group-events.ts';

/** An event of a gateway: those of its group, and what concerns clients. */
export type GatewayEvent =
  | GroupEvent
  | { readonly type: 'client-connected'; readonly client: string; readonly principal: string }
  | { readonly type: 'client-gone'; readonly client: string; readonly principal: string }
  /** An error of the gateway itself that failed no call, such as a key file that cannot be read. It goes on. */
  | { readonly type: 'problem'; readonly server?: undefined; readonly error: PlenumError }
  /**
   * A request was not handed to its server: the client may not use what it named, and was answered as if there were no such
   * thing; it calls too much; or its user did not agree to the call.
   */
  | {
      readonly type: 'denied';
      readonly principal: string;
      readonly reason: DenialReason;
      readonly method: string;
      readonly server: string;
      /** The exposed name, or the URI. */
      readonly name: string;
    }
  /** A call of a tool is over. */
  | {
      readonly type: 'call';
      readonly principal: string;
      /** The exposed name. */
      readonly tool: string;
      readonly ms: number;
      readonly ok: boolean;
    };
