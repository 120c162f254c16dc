import type {
  Implementation,
  McpServer,
  Server,
  ServerCapabilities,
  ServerContext,
} from '@modelcontextprotocol/server';
import type { CatalogKind } from '../../group/catalog/catalog.ts';
import type { SessionGroup } from '../../group/session-group.ts';
import { isRecord } from '../../internal/checks.ts';
import type { ClientViews } from '../catalog/client-views.ts';
import type { Identity } from '../identity/identity.ts';
import { readAs, type OfficialServer } from '../official-server.ts';
import type { ClientPolicies, ClientPolicy } from '../policy/client-policy.ts';
import { METHODS } from '../routing/client-request.ts';
import {
  createClientServer,
  createHeaderCheckingServer,
  type ClientListener,
  type Presentation,
} from './client-server.ts';
import type { GatewayClient } from './gateway-client.ts';

/** What the servers of clients are made of. */
export interface ServerParts {
  readonly sdk: OfficialServer;
  readonly group: SessionGroup;
  readonly views: ClientViews;
  readonly policies: ClientPolicies;
  readonly listener: ClientListener;
  /** What clients are told of the gateway. May change. */
  readonly about: () => { readonly serverInfo: Implementation; readonly instructions: string | undefined };
  /** The servers that offer nothing yet but a way to sign in. */
  readonly unlisted: () => readonly string[];
}

/** Makes the official servers that speak with clients, each presenting the gateway as its client may know it. */
export class ServerFactory {
  readonly #parts: ServerParts;

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** The server of a client that is known before its first request. */
  forClient(identity: Identity, clientOf: (ctx: ServerContext) => GatewayClient): Server {
    const { sdk, listener } = this.#parts;
    const known = (ctx: ServerContext): GatewayClient => this.#knownBy(clientOf(ctx), ctx);
    return createClientServer(sdk, this.#presentation(identity), known, listener);
  }

  /** The server for one request of a modern client over HTTP. */
  forRequest(client: GatewayClient, body: unknown): Server | McpServer {
    const { sdk, policies, views, listener } = this.#parts;
    const { method, params } = isRecord(body) ? body : {};
    const presentation = this.#presentation(client.identity);
    // Without our handler the official server refuses a method that nobody knows, with the right status.
    if (!METHODS.has(method)) return new sdk.Server(presentation.info, presentation);
    const clientOf = (ctx: ServerContext): GatewayClient => this.#knownBy(client, ctx);
    const name = isRecord(params) ? params['name'] : undefined;
    const policy = policies.of(client.identity);
    const tool = method === 'tools/call' ? views.headerToolNamed(policy, name) : undefined;
    if (tool === undefined) return createClientServer(sdk, presentation, clientOf, listener);
    const named = { ...tool, name: String(name) };
    return createHeaderCheckingServer(sdk, presentation, named, clientOf, listener);
  }

  /** How the gateway presents itself to a client of this identity. */
  #presentation(identity: Identity): Presentation {
    const { policies, about } = this.#parts;
    const { serverInfo, instructions } = about();
    return {
      info: serverInfo,
      capabilities: this.#capabilities(policies.of(identity)),
      ...(instructions !== undefined && { instructions }),
    };
  }

  /** What the gateway can do for a client: whatever one of the servers can that it may use. */
  #capabilities(policy: ClientPolicy): ServerCapabilities {
    const { group, unlisted } = this.#parts;
    const servers = [...group.servers.keys()].filter((name) => policy.allowsServer(name));
    const all = servers.map((name) => group.session(name).capabilities);
    const { catalog } = group;
    const has = (kind: CatalogKind): boolean =>
      policy.isWhole
        ? catalog[kind].size > 0
        : isSome(catalog[kind].values(), ({ server }) => policy.allowsServer(server));
    const some = (capability: 'tools' | 'prompts' | 'resources' | 'completions' | 'logging'): boolean =>
      all.some((each) => each?.[capability] !== undefined);
    return {
      ...((some('tools') || has('tools') || unlisted().some((name) => policy.allowsServer(name))) && {
        tools: { listChanged: true },
      }),
      ...((some('prompts') || has('prompts')) && { prompts: { listChanged: true } }),
      ...((some('resources') || has('resources') || has('resourceTemplates')) && {
        resources: { listChanged: true, subscribe: all.some((each) => each?.resources?.subscribe === true) },
      }),
      ...(some('completions') && { completions: {} }),
      ...(some('logging') && { logging: {} }),
    };
  }

  /** A modern client says with each request what it can do. */
  #knownBy(client: GatewayClient, ctx: ServerContext): GatewayClient {
    const { envelope } = ctx.mcpReq;
    if (client.era === 'legacy' || envelope === undefined) return client;
    const { CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY, specTypeSchemas } = this.#parts.sdk;
    const info: unknown = Reflect.get(envelope, CLIENT_INFO_META_KEY);
    const capabilities: unknown = Reflect.get(envelope, CLIENT_CAPABILITIES_META_KEY);
    client.info = readAs(specTypeSchemas.Implementation, info);
    client.capabilities = readAs(specTypeSchemas.ClientCapabilities, capabilities) ?? {};
    return client;
  }
}

function isSome<T>(values: Iterable<T>, fits: (value: T) => boolean): boolean {
  for (const value of values) if (fits(value)) return true;
  return false;
}
