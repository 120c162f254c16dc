export type { ErrorAdvice } from './errors/advice.ts';
export type {
  AmbiguousResourceData,
  ArgumentProblem,
  AuthReason,
  AuthRequiredData,
  CatalogCollision,
  ConfigInvalidData,
  ConfigProblem,
  ConfigRemark,
  ConsentLack,
  ConnectFailedData,
  ConnectionLostData,
  DefinitionDriftData,
  InvalidArgumentsData,
  InvalidResultData,
  NameCollisionData,
  PlenumErrorCode,
  PlenumErrorData,
  PoolExhaustedData,
  TimeoutData,
  UnknownEntryData,
  UnknownNameData,
  UnreadyServer,
  UrlElicitation,
  UrlElicitationData,
} from './errors/registry.ts';
export {
  PlenumError,
  type JsonRpcError,
  type PlenumErrorClass,
  type PlenumErrorConstructor,
  type PlenumErrorFields,
} from './errors/plenum-error.ts';
export { PLENUM_ERROR_CODES } from './errors/registry.ts';
export type {
  CustomTransportSpec,
  HeadersSource,
  HealthOptions,
  InProcessServer,
  InProcessServerSpec,
  ProtocolChoice,
  ReconnectOptions,
  ServerSpec,
  ServerSpecOptions,
  StdioServerSpec,
  TlsOptions,
  UrlServerSpec,
} from './server-spec.ts';
export type { EventBacklog, OverflowEvent } from './internal/event-hub.ts';

export { openSession, type OpenSessionOptions } from './session/open-session.ts';
export type { CallOptions, PageOptions, ReadOptions } from './session/call-options.ts';
export type {
  HandlerContext,
  Handlers,
  LogMessage,
  NotificationContext,
  ServerMessage,
} from './session/handlers/handlers.ts';
export type { ServerRequestOptions } from './session/handlers/handler-places.ts';
export type { ConnectConcurrency } from './session/connection/connect-gate.ts';
export type { SessionOptions } from './session/session-options.ts';
export type { SessionTarget } from './session/session-target.ts';
export type {
  CompletionReference,
  ProtocolEra,
  ListKind,
  RawRequest,
  Session,
  SessionEvent,
  SessionStatus,
  SessionStatusFacts,
  SessionStatusOf,
} from './session/session.ts';

export { SessionGroup, type ServerChoice } from './group/session-group.ts';
export type {
  Catalog,
  CatalogEntries,
  CatalogDiff,
  CatalogKind,
  CatalogKindDiff,
  Naming,
  NamingContext,
  NamingFunction,
  NamingKind,
  CatalogOrigin,
  PromptEntry,
  ResourceEntry,
  ResourceTemplateEntry,
  ToolEntry,
} from './group/catalog/catalog.ts';
export { fileCatalogCache } from './group/cache/file-catalog-cache.ts';
export { memoryCatalogCache } from './group/cache/memory-catalog-cache.ts';
export type { CachedCatalog, CatalogCache, CatalogCacheBounds } from './group/cache/catalog-cache.ts';
export type { CachedServer } from './group/cache/cached-server.ts';
export type { GroupServerOptions, Isolation, LazyOptions } from './group/server-options.ts';
export type { ToolFilterOptions } from './group/catalog/tool-filter.ts';
export type { SessionLease, SessionSource, SourcedServer } from './group/members/session-source.ts';
export type { GroupEvent } from './group/group-events.ts';
export type { GroupConnectOptions, GroupOptions, GroupServerSpec } from './group/group-options.ts';
export type { GroupAddOptions } from './group/members/member-connector.ts';
export type { ReadyOptions } from './group/members/until-ready.ts';
export type {
  InterceptedCallChanges,
  InterceptedCall,
  InterceptedCallOptions,
  InterceptorNext,
  ToolInterceptor,
} from './group/interceptors/interceptors.ts';
export type { SearchHit, SearchOptions } from './group/search/search-options.ts';
export type { GroupServerStatus } from './group/members/member.ts';

export { SessionManager, type ManagerOpenOptions } from './manager/session-manager.ts';
export type { CheckHealthOptions, HealthReport } from './manager/leases/check-health.ts';
export type { CircuitOptions, CircuitStatus } from './manager/runs/circuit-breaker.ts';
export type { LatencySummary } from './manager/latency-histogram.ts';
export type { AcquireOptions, Lease } from './manager/leases/lease.ts';
export type {
  ManagedServer,
  ManagedServerSpec,
  ServerSpecContext,
  ServerSpecFactory,
} from './manager/pool/managed-server.ts';
export type { PoolCloseReason, ManagerEvent } from './manager/manager-events.ts';
export type { SessionManagerOptions } from './manager/manager-options.ts';
export type { ManagedServerStats, ManagedServerStatus, ServerRoute } from './manager/manager-stats.ts';
export type { PoolOptions } from './manager/pool/pool-options.ts';
export type { RetryContext, RetryOptions } from './manager/runs/retry-policy.ts';
export type { RunContext, RunOptions, RunWork } from './manager/runs/run-options.ts';

export { loadConfig } from './config/load-config.ts';
export type {
  Config,
  ConfigInput,
  ConfigPrompt,
  ConfigWarning,
  ConfiguredServer,
  LoadConfigOptions,
} from './config/config.ts';
export type { ConfigOAuthOptions } from './config/auth.ts';

/** The protocol's own types that appear above, so that a program can name them. */
export type {
  AuthProvider,
  CallToolResult,
  Client,
  ClientCapabilities,
  CompleteRequestParams,
  CompleteResult,
  ContentBlock,
  CreateMessageRequestParams,
  CreateMessageResult,
  CreateMessageResultWithTools,
  DpopSession,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  FetchLike,
  GetPromptResult,
  Implementation,
  InitializeResult,
  InputRequiredResult,
  JSONRPCNotification,
  JSONRPCRequest,
  ListPromptsResult,
  ListResourceTemplatesResult,
  ListResourcesResult,
  ListToolsResult,
  LoggingLevel,
  Notification,
  OAuthClientProvider,
  Progress,
  ProgressNotificationParams,
  Prompt,
  ReadResourceResult,
  RequestId,
  RequestMeta,
  Resource,
  ResourceTemplateType,
  Root,
  ServerCapabilities,
  StandardSchemaV1,
  Tool,
  Transport,
} from '@modelcontextprotocol/client';
