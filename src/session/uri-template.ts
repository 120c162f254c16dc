import { UriTemplate } from '@modelcontextprotocol/client';

/** Whether a URI is one that a template can make. */
export type UriMatcher = (uri: string) => boolean;

/** Compiles an RFC 6570 template. One that cannot be understood matches nothing. */
export function compileUriTemplate(template: string): UriMatcher {
  try {
    const parsed = new UriTemplate(template);
    return (uri) => {
      try {
        return parsed.match(uri) !== null;
      } catch {
        return false; // Longer than the official matcher takes on.
      }
    };
  } catch {
    return () => false;
  }
}
