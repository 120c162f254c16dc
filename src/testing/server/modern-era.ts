import { type Call, failure, silence, success, type Outcome } from './call.ts';
import { sleep } from '../../internal/limit.ts';
import { capabilitiesOf } from './catalog.ts';
import { INVALID_PARAMS, META, UNSUPPORTED_VERSION, isObject, metaOf, type JsonObject } from './json-rpc.ts';
import { legacyVersions } from './legacy-era.ts';
import { implementation, introduction, sharedMethods, type Handlers } from './methods.ts';
import type { ServerScript } from '../script/script.ts';

/** The versions without a handshake that the server supports. */
function modernVersions(script: ServerScript): string[] {
  if (script.era === 'legacy') return [];
  return script.protocolVersions?.filter((version) => version >= '2026') ?? ['2026-07-28'];
}

/** All versions of all eras that the server supports, newest first. */
export function supportedVersions(script: ServerScript): string[] {
  return [...modernVersions(script), ...legacyVersions(script)];
}

/** The methods of 2026-07-28. */
export const modernMethods: Handlers = {
  ...sharedMethods,

  'server/discover': ({ context: { script } }) =>
    success({ supportedVersions: supportedVersions(script), ...introduction(script) }),

  async 'subscriptions/listen'(call) {
    const { notifications } = call.params;
    if (!isObject(notifications)) return failure(INVALID_PARAMS, 'Which notifications?');
    const honored = honoredPart(notifications, capabilitiesOf(call.context.script));
    call.notify('notifications/subscriptions/acknowledged', {
      _meta: { [META.subscriptionId]: call.id },
      notifications: honored,
    });
    call.client.listens.set(call.id, honored);
    await sleep(Infinity, call.signal);
    call.client.listens.delete(call.id);
    return silence;
  },
};

function honoredPart(wanted: JsonObject, capabilities: JsonObject): JsonObject {
  const can = (kind: string, what: string): boolean => {
    const capability = capabilities[kind];
    return isObject(capability) && capability[what] === true;
  };
  const uris = wanted['resourceSubscriptions'];
  return {
    ...(wanted['toolsListChanged'] === true && can('tools', 'listChanged') && { toolsListChanged: true }),
    ...(wanted['promptsListChanged'] === true &&
      can('prompts', 'listChanged') && { promptsListChanged: true }),
    ...(wanted['resourcesListChanged'] === true &&
      can('resources', 'listChanged') && { resourcesListChanged: true }),
    ...(Array.isArray(uris) && can('resources', 'subscribe') && { resourceSubscriptions: uris }),
  };
}

/** Refuses a modern request of an unsupported protocol version; undefined for any other. */
export function refuseModern({ context: { script }, params }: Call): Outcome | undefined {
  const requested = metaOf(params)[META.protocolVersion];
  const supported = supportedVersions(script);
  if (modernVersions(script).some((version) => version === requested)) return undefined;
  return failure(UNSUPPORTED_VERSION, 'Unsupported protocol version', { supported, requested });
}

const CACHEABLE = new Set([
  'server/discover',
  'tools/list',
  'resources/list',
  'resources/templates/list',
  'prompts/list',
  'resources/read',
]);

/** Adds the fields that every result of this era has. Fields that the script set are kept. */
export function stamp(script: ServerScript, method: string, result: JsonObject): JsonObject {
  const stamped: JsonObject = { resultType: 'complete', ...result };
  stamped['_meta'] = { [META.serverInfo]: implementation(script), ...metaOf(result) };
  if (stamped['resultType'] !== 'complete' || !CACHEABLE.has(method)) return stamped;
  return { ttlMs: script.ttlMs ?? 0, cacheScope: 'private', ...stamped };
}
