import { PlenumError, type PlenumErrorFields } from './plenum-error.ts';
import { printable } from './text.ts';

export type EndCode = 'ABORTED' | 'INVALID_RESULT' | 'PROTOCOL' | 'SESSION_CLOSED' | 'TIMEOUT';

/** A tool call ends between its caller and the session: by an interceptor, or while one holds it. */
export function interceptedCallEnded<Code extends EndCode>(
  code: Code,
  call: { readonly tool: string; readonly server: string },
  why: string,
  fields: PlenumErrorFields<Code>,
): PlenumError<Code> {
  const doing = `Calling tool "${printable(call.tool)}" on server "${call.server}"`;
  return new PlenumError(code, `${doing}: ${why}.`, { ...fields, server: call.server });
}
