import type { PlenumError } from '../errors/plenum-error.ts';
import type { GroupEvent } from '../group/group-events.ts';

/** An event of a gateway: those of its group, and what concerns clients. */
export type GatewayEvent =
  | GroupEvent
  | { readonly type: 'client-connected'; readonly client: string; readonly principal: string }
  | { readonly type: 'client-gone'; readonly client: string; readonly principal: string }
  /** An error of the gateway itself that failed no call, such as a key file that cannot be read. It goes on. */
  | { readonly type: 'problem'; readonly server?: undefined; readonly error: PlenumError }
  /** A call of a tool is over. */
  | {
      readonly type: 'call';
      readonly principal: string;
      /** The exposed name. */
      readonly tool: string;
      readonly ms: number;
      readonly ok: boolean;
    };
