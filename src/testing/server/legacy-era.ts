import { UNSUPPORTED_VERSION } from './json-rpc.ts';
import { implementation, introduction, sharedMethods, type Handlers } from './methods.ts';
import { failure, success } from './call.ts';
import type { LogLevel, ServerScript } from '../script/script.ts';

const RELEASED = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

/** The versions with an `initialize` handshake that the server supports, newest first. */
export function legacyVersions(script: ServerScript): string[] {
  if (script.era === 'modern') return [];
  return script.protocolVersions?.filter((version) => version < '2026') ?? RELEASED;
}

/** The methods of 2025-11-25 and before. */
export const legacyMethods: Handlers = {
  ...sharedMethods,

  initialize({ context: { script }, params }) {
    const supported = legacyVersions(script);
    const requested = params['protocolVersion'];
    const agreed = supported.find((version) => version === requested) ?? supported[0];
    const protocolVersion = script.answerVersion ?? agreed;
    if (protocolVersion === undefined) {
      return failure(UNSUPPORTED_VERSION, 'Unsupported protocol version', {
        supported: script.protocolVersions ?? ['2026-07-28'],
        requested,
      });
    }
    return success({ protocolVersion, serverInfo: implementation(script), ...introduction(script) });
  },

  ping: () => success({}),

  'logging/setLevel'({ client, params }) {
    client.logLevel = params['level'] as LogLevel;
    return success({});
  },

  'resources/subscribe'({ client, params }) {
    client.subscriptions.add(String(params['uri']));
    return success({});
  },

  'resources/unsubscribe'({ client, params }) {
    client.subscriptions.delete(String(params['uri']));
    return success({});
  },
};
