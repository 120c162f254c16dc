import { createHash } from 'node:crypto';
import { canonicalJson } from '../../internal/json/canonical-json.ts';
import { printable } from '../../internal/text.ts';
import type { RawRequest } from '../../session/session.ts';
import { notApproved, type Denied } from './denied.ts';
import { INVALID_PARAMS, RpcError } from './rpc-error.ts';

/** The key in `inputResponses` under which a 2026-07-28 client says whether its user agrees to a call. */
export const APPROVAL = 'approval';

/** How much of the arguments a person is shown, in characters. */
const MAX_SHOWN = 4_000;

/** A call that a person has to agree to. What was agreed to is what is sent: it is bound to the arguments. */
export class Approval {
  readonly server: string;
  /** A digest of the tool and the arguments that the user is shown. */
  readonly digest: string;
  readonly #question: RawRequest;
  /** Throws when the client may not make the call any more: a person takes their time. */
  readonly expectAllowed: () => void;
  given = false;

  constructor(server: string, name: string, args: unknown, expectAllowed: () => void) {
    this.server = server;
    this.expectAllowed = expectAllowed;
    const text = sentText(args ?? {});
    this.digest = createHash('sha256')
      .update(JSON.stringify([server, name, text]))
      .digest('base64url');
    const more = text.length - MAX_SHOWN;
    const shown = printable(text, MAX_SHOWN) + (more > 0 ? ` (${more} more characters are not shown.)` : '');
    this.#question = {
      method: 'elicitation/create',
      params: {
        mode: 'form',
        message: `Allow this call of the tool "${printable(name)}" of the server "${printable(server)}"? Its arguments: ${shown}`,
        requestedSchema: { type: 'object', properties: {} },
      },
    };
  }

  /** The request that asks the user of a client. */
  get question(): RawRequest {
    return this.#question;
  }

  refused(): Denied {
    return notApproved(this.server, 'The user did not agree to this call.');
  }

  cannotAsk(): Denied {
    return notApproved(
      this.server,
      'This call needs the consent of a person, and the client cannot ask one: it did not declare "elicitation".',
    );
  }
}

/** Arguments as the server gets them, the same text in whatever order their keys are. Nothing in them is left out. */
function sentText(args: unknown): string {
  try {
    const sent: unknown = JSON.parse(JSON.stringify(args));
    // What is nested too deeply to be sorted is taken as it stands.
    return canonicalJson(sent, (deep) => JSON.stringify(deep));
  } catch {
    throw new RpcError(INVALID_PARAMS, 'Invalid params: "arguments" cannot be sent.');
  }
}
