import { PlenumError } from '../../../errors/plenum-error.ts';
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
    throw PlenumError.from(error, 'CONNECT_FAILED', `Asking for the headers of server "${server}"`, {
      server,
    });
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(given ?? {})) {
    try {
      headers.set(name, value);
    } catch {
      // The message of the platform's error shows the value.
      throw new PlenumError(
        'CONFIG_INVALID',
        `Header "${name}" of server "${server}" has a name or value that HTTP cannot carry.`,
        { server },
      );
    }
  }
  return headers;
}
