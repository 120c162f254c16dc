import { createHash } from 'node:crypto';
import { canonicalJson } from '../../internal/json/canonical-json.ts';
import { printable } from '../../internal/text.ts';
import type { RawRequest } from '../../session/session.ts';
import { notApproved, type Denied } from './denied.ts';

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
  given = false;

  constructor(server: string, name: string, args: unknown) {
    this.server = server;
    const text = canonicalJson(args ?? {}, () => 'null');
    this.digest = createHash('sha256')
      .update(JSON.stringify([server, name, text]))
      .digest('base64url');
    const shown = printable(text, MAX_SHOWN);
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
