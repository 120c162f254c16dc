import { headerNotSendable, headersFunctionFailed } from '../../../errors/transport.ts';
import type { HeadersSource } from '../../../server-spec.ts';

/**
 * Reads the headers of a spec, for one connection. Throws `CONNECT_FAILED` when the spec's function fails, and
 * `CONFIG_INVALID` when HTTP cannot carry one of them; no message shows a value.
 */
export async function resolveHeaders(source: HeadersSource | undefined, server: string): Promise<Headers> {
  let given: Readonly<Record<string, string>> | undefined;
  try {
    given = typeof source === 'function' ? await source() : source;
  } catch (error) {
    throw headersFunctionFailed(server, error);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(given ?? {})) {
    try {
      headers.set(name, value);
    } catch {
      // The message of the platform's error shows the value.
      throw headerNotSendable(server, name);
    }
  }
  return headers;
}
