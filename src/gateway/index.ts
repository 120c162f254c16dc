export { createGateway, Gateway, type GatewayClientStatus, type ListenOptions } from './gateway.ts';
export type {
  GatewayLimits,
  GatewayOptions,
  GatewayServer,
  GatewaySessionOptions,
  GatewaySettings,
  GatewaySignIn,
  GatewayTls,
} from './gateway-options.ts';
export type { Isolation, UpstreamAuth } from '../group/server-options.ts';
export type { GatewayEvent } from './gateway-events.ts';
export type { DenialReason } from './routing/denied.ts';
export type { AuditEntry } from './audit/audit-entry.ts';
export type { GatewayAudit } from './audit/audit-log.ts';
export type { GatewayCluster } from './cluster/cluster-options.ts';
export type { ClusterNode } from './cluster/node-registry.ts';
export type { GatewayAuth, GatewayOAuth } from './identity/auth-options.ts';
export { createApiKey, type ApiKeyOptions, type ApiKeyRecord } from './identity/api-key.ts';
export type { ClientMatch, ClientRate, ClientRule, EntryRule, EntryTraits } from './policy/client-rule.ts';
export type { Identity } from './identity/identity.ts';
export type { OutwardClient } from './clients/outward-client.ts';

/** The protocol's own types that appear above, so that a program can name them. */
export type {
  ClientCapabilities,
  CreateMessageResult,
  CreateMessageResultWithTools,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  Implementation,
  ListRootsResult,
  LoggingLevel,
} from '@modelcontextprotocol/server';
