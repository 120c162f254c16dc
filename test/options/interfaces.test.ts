import { describe, expect, it } from 'vitest';
import type { EnterpriseOptions } from '../../src/auth/grants/enterprise-assertion.ts';
import type { FileTokenStoreOptions } from '../../src/auth/store/file-token-store.ts';
import type { OAuthOptions } from '../../src/auth/oauth-options.ts';
import type { ConfigOAuthOptions } from '../../src/config/auth.ts';
import type { CopyServersOptions } from '../../src/config/editors/copy-servers.ts';
import type { ImportOptions } from '../../src/config/editors/editors.ts';
import type { LoadConfigOptions } from '../../src/config/config.ts';
import type { WatchConfigOptions } from '../../src/config/watch/watch-config.ts';
import type { GatewayCluster } from '../../src/gateway/cluster/cluster-options.ts';
import type { GatewayAudit } from '../../src/gateway/audit/audit-log.ts';
import type { ApiKeyOptions, ApiKeyRecord } from '../../src/gateway/identity/api-key.ts';
import type { GatewayAuth, GatewayOAuth } from '../../src/gateway/identity/auth-options.ts';
import type { ListenOptions } from '../../src/gateway/gateway.ts';
import type {
  ClientMatch,
  ClientRate,
  ClientRule,
  EntryTraits,
} from '../../src/gateway/policy/client-rule.ts';
import type {
  GatewayLimits,
  GatewayOptions,
  GatewaySessionOptions,
  GatewaySignIn,
  GatewayTls,
} from '../../src/gateway/gateway-options.ts';
import type { CatalogCacheBounds } from '../../src/group/cache/catalog-cache.ts';
import type { GroupConnectOptions, GroupOptions } from '../../src/group/group-options.ts';
import type { GroupAddOptions } from '../../src/group/members/member-connector.ts';
import type { SourcedServer } from '../../src/group/members/session-source.ts';
import type { SearchOptions } from '../../src/group/search/search-options.ts';
import type { GroupServerOptions, LazyOptions } from '../../src/group/server-options.ts';
import type { CheckHealthOptions } from '../../src/manager/leases/check-health.ts';
import type { AcquireOptions } from '../../src/manager/leases/lease.ts';
import type { SessionManagerOptions } from '../../src/manager/manager-options.ts';
import type { PoolOptions } from '../../src/manager/pool/pool-options.ts';
import type { CircuitOptions } from '../../src/manager/runs/circuit-breaker.ts';
import type { RetryOptions } from '../../src/manager/runs/retry-policy.ts';
import type { RunOptions } from '../../src/manager/runs/run-options.ts';
import type { EventBacklog } from '../../src/internal/event-hub.ts';
import type * as auth from '../../src/options/tables/auth.ts';
import type * as config from '../../src/options/tables/config.ts';
import type * as gateway from '../../src/options/tables/gateway.ts';
import type * as cluster from '../../src/options/tables/gateway-cluster.ts';
import type * as audit from '../../src/options/tables/gateway-audit.ts';
import type * as who from '../../src/options/tables/gateway-auth.ts';
import type * as clients from '../../src/options/tables/gateway-clients.ts';
import type * as group from '../../src/options/tables/group.ts';
import type * as manager from '../../src/options/tables/manager.ts';
import type * as server from '../../src/options/tables/server.ts';
import type * as session from '../../src/options/tables/session.ts';
import type * as toolkit from '../../src/options/tables/toolkit.ts';
import type {
  CustomTransportSpec,
  HealthOptions,
  InProcessServerSpec,
  ReconnectOptions,
  ServerSpecOptions,
  StdioServerSpec,
  TlsOptions,
  UrlServerSpec,
} from '../../src/server-spec.ts';
import type { CallOptions, PageOptions, ReadOptions } from '../../src/session/call-options.ts';
import type { ConnectConcurrency } from '../../src/session/connection/connect-gate.ts';
import type { ServerRequestOptions } from '../../src/session/handlers/handler-places.ts';
import type { OpenSessionOptions } from '../../src/session/open-session.ts';
import type { SessionOptions } from '../../src/session/session-options.ts';
import type { AiSdkToolkitOptions } from '../../src/toolkit/ai-sdk/index.ts';
import type { LangchainToolkitOptions } from '../../src/toolkit/langchain/index.ts';
import type { ModelToolOptions } from '../../src/toolkit/model-tool.ts';
import type { OpenaiToolkitOptions } from '../../src/toolkit/openai/openai-options.ts';
import type { ToolPolicy, ToolTraits } from '../../src/toolkit/policy/tool-policy.ts';
import type { ResourceToolOptions } from '../../src/toolkit/resources/resource-tool-options.ts';
import type { ResultBounds } from '../../src/toolkit/results/result-bounds.ts';
import type { HandleOptions } from '../../src/toolkit/run-calls.ts';
import type { SearchToolkitOptions } from '../../src/toolkit/search/search-toolkit.ts';
import type { ServerChoiceOptions } from '../../src/toolkit/search/server-choice.ts';
import type { ToolkitOptions } from '../../src/toolkit/toolkit.ts';

/** `true` when an interface and a table have the same names; else the names that only one of them has. */
type Same<Interface, Table> = [
  Exclude<keyof Interface, keyof Table> | Exclude<keyof Table, keyof Interface>,
] extends [never]
  ? true
  : Exclude<keyof Interface, keyof Table> | Exclude<keyof Table, keyof Interface>;

type Own<Spec> = Omit<Spec, keyof ServerSpecOptions>;

/** Fails to compile when a table lacks an option of its interface, or the other way round. */
const same: [
  Same<GatewayOptions, typeof gateway.gatewayOptions>,
  Same<GatewaySessionOptions, typeof gateway.gatewaySessionOptions>,
  Same<ClientRule, typeof clients.clientRuleOptions>,
  Same<ClientMatch, typeof clients.clientMatchOptions>,
  Same<EntryTraits, typeof clients.entryTraits>,
  Same<ClientRate, typeof clients.clientRateOptions>,
  Same<GatewayLimits, typeof gateway.gatewayLimitOptions>,
  Same<ListenOptions, typeof gateway.listenOptions>,
  Same<GatewayTls, typeof gateway.gatewayTlsOptions>,
  Same<GatewayAudit, typeof audit.gatewayAuditOptions>,
  Same<GatewayCluster, typeof cluster.gatewayClusterOptions>,
  Same<GatewaySignIn, typeof gateway.gatewaySignInOptions>,
  Same<FileTokenStoreOptions, typeof auth.fileTokenStoreOptions>,
  Same<GatewayAuth, typeof who.gatewayAuthOptions>,
  Same<GatewayOAuth, typeof who.gatewayOAuthOptions>,
  Same<ApiKeyRecord, typeof who.apiKeyRecord>,
  Same<ApiKeyOptions, typeof who.apiKeyChoices>,
  Same<ServerSpecOptions, typeof server.serverSpecOptions>,
  Same<ReconnectOptions, typeof server.reconnectOptions>,
  Same<HealthOptions, typeof server.healthOptions>,
  Same<Own<StdioServerSpec>, typeof server.stdioSpec>,
  Same<Own<UrlServerSpec>, typeof server.urlSpec>,
  Same<Own<InProcessServerSpec>, typeof server.inProcessSpec>,
  Same<Own<CustomTransportSpec>, typeof server.transportSpec>,
  Same<TlsOptions, typeof server.tlsOptions>,
  Same<ConnectConcurrency, typeof server.concurrencyOptions>,
  Same<SessionOptions, typeof session.sessionOptions>,
  Same<OpenSessionOptions, typeof session.openSessionOptions>,
  Same<ServerRequestOptions, typeof session.serverRequestOptions>,
  Same<EventBacklog, typeof session.eventBacklogOptions>,
  Same<CallOptions, typeof session.callOptions>,
  Same<PageOptions, typeof session.pageOptions>,
  Same<ReadOptions, typeof session.readOptions>,
  Same<GroupAddOptions, typeof session.addOptions>,
  Same<GroupServerOptions, typeof server.groupServerOptions>,
  Same<LazyOptions, typeof server.lazyOptions>,
  Same<SourcedServer, typeof group.sourcedSpec>,
  Same<GroupOptions, typeof group.groupOptions>,
  Same<GroupConnectOptions, typeof group.groupConnectOptions>,
  Same<SearchOptions, typeof group.searchOptions>,
  Same<CatalogCacheBounds, typeof group.catalogCacheBounds>,
  Same<SessionManagerOptions, typeof manager.managerOptions>,
  Same<PoolOptions, typeof manager.poolOptions>,
  Same<RetryOptions, typeof manager.retryOptions>,
  Same<CircuitOptions, typeof manager.circuitOptions>,
  Same<AcquireOptions, typeof manager.acquireOptions>,
  Same<RunOptions, typeof manager.runOptions>,
  Same<CheckHealthOptions, typeof manager.checkHealthOptions>,
  Same<OAuthOptions, typeof auth.oauthOptions>,
  Same<EnterpriseOptions, typeof auth.enterpriseOptions>,
  Same<ConfigOAuthOptions, typeof config.configOAuthOptions>,
  Same<LoadConfigOptions, typeof config.loadConfigOptions>,
  Same<WatchConfigOptions, typeof config.watchConfigOptions>,
  Same<CopyServersOptions, typeof config.copyServersOptions>,
  Same<ImportOptions, typeof config.importOptions>,
  Same<ToolkitOptions, typeof toolkit.toolkitOptions>,
  Same<ToolPolicy, typeof toolkit.policyOptions>,
  Same<ToolTraits, typeof toolkit.toolTraits>,
  Same<ResultBounds, typeof toolkit.resultBounds>,
  Same<ResourceToolOptions, typeof toolkit.resourceToolOptions>,
  Same<ModelToolOptions, typeof toolkit.modelToolOptions>,
  Same<AiSdkToolkitOptions, typeof toolkit.aiSdkOptions>,
  Same<OpenaiToolkitOptions, typeof toolkit.openaiOptions>,
  Same<LangchainToolkitOptions, typeof toolkit.langchainOptions>,
  Same<HandleOptions, typeof toolkit.handleOptions>,
  Same<SearchToolkitOptions, typeof toolkit.searchToolkitOptions>,
  Same<ServerChoiceOptions, typeof toolkit.serverChoiceOptions>,
] = [
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
];

describe('the tables of options', () => {
  it('have the names of the interfaces that users read, which the compiler checks', () => {
    expect(same).not.toContain(false);
  });
});
