import type { AuthProvider } from '@modelcontextprotocol/client';
import type { AuthSettings } from './schema.ts';

/** Credentials of a file, as the official client takes them. */
export function authProvider(settings: AuthSettings): AuthProvider {
  switch (settings.type) {
    case 'bearer':
      return { token: async () => settings.token };
  }
}

/** The same for a transport that knows headers only. */
export function authHeaders(settings: AuthSettings): Record<string, string> {
  switch (settings.type) {
    case 'bearer':
      return { Authorization: `Bearer ${settings.token}` };
  }
}
