export { PlenumError, type PlenumErrorCode, type PlenumErrorFields, type UrlElicitation } from './errors.ts';
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
export type { OverflowEvent } from './internal/event-hub.ts';

export { openSession, type OpenSessionOptions } from './session/open-session.ts';
export type { CallOptions, ReadOptions } from './session/call-options.ts';
export type { HandlerContext, Handlers, LogMessage, NotificationContext } from './session/handlers.ts';
export type { ConnectConcurrency } from './session/connect-gate.ts';
export type { SessionOptions } from './session/session-options.ts';
export type { SessionTarget } from './session/session-target.ts';
export type {
  CompletionReference,
  Era,
  ListKind,
  RawRequest,
  Session,
  SessionEvent,
  SessionStatus,
} from './session/session.ts';

export { SessionGroup, type ServerChoice } from './group/session-group.ts';
export type {
  Catalog,
  CatalogDiff,
  CatalogKind,
  Collision,
  KindDiff,
  Naming,
  NamingContext,
  NamingFunction,
  NamingKind,
  Origin,
  PromptEntry,
  ResourceEntry,
  ResourceTemplateEntry,
  ToolEntry,
} from './group/catalog.ts';
export { fileCatalogCache } from './group/file-catalog-cache.ts';
export { memoryCatalogCache } from './group/memory-catalog-cache.ts';
export type { CachedCatalog, CatalogCache, CatalogCacheBounds } from './group/catalog-cache.ts';
export type { ServerRecord } from './group/server-record.ts';
export type { GroupServerOptions, LazyOptions } from './group/server-options.ts';
export type { ToolFilterOptions } from './group/tool-filter.ts';
export type { LentSession, SessionSource, SourcedServer } from './group/session-source.ts';
export type { GroupEvent } from './group/group-events.ts';
export type { GroupConnectOptions, GroupOptions, GroupServerSpec } from './group/group-options.ts';
export type { AddOptions } from './group/joining.ts';
export type {
  CallChanges,
  InterceptedCall,
  InterceptedCallOptions,
  NextCall,
  ToolInterceptor,
} from './group/interceptors.ts';
export type { SearchHit, SearchOptions } from './group/search/search-options.ts';
export type { ServerStatus } from './group/member.ts';

export { SessionManager, type OpenOptions } from './manager/session-manager.ts';
export type { CheckHealthOptions } from './manager/check-health.ts';
export type { CircuitOptions, CircuitStatus } from './manager/circuit-breaker.ts';
export type { HealthReport } from './manager/health-report.ts';
export type { LatencySummary } from './manager/latency-histogram.ts';
export type { AcquireOptions, Lease } from './manager/lease.ts';
export type { ManagedServer, ManagedServerSpec, SpecContext, SpecFactory } from './manager/managed-server.ts';
export type { CloseReason, ManagerEvent } from './manager/manager-events.ts';
export type { SessionManagerOptions } from './manager/manager-options.ts';
export type { ServerStats } from './manager/manager-stats.ts';
export type { PoolOptions } from './manager/pool-options.ts';
export type { RetryContext, RetryOptions } from './manager/retry-policy.ts';
export type { RunContext, RunOptions, Work } from './manager/run-options.ts';
export type { ServerRoute } from './manager/server-route.ts';

export { loadConfig } from './config/load-config.ts';
export type {
  Config,
  ConfigInput,
  ConfigProblem,
  ConfigPrompt,
  ConfigWarning,
  ConfiguredServer,
} from './config/config.ts';
export type { ConfigOAuthOptions } from './config/auth.ts';
export type { LoadConfigOptions } from './config/load-config.ts';

/** The protocol's own types that appear above, so that a program can name them. */
export type {
  AuthProvider,
  CallToolResult,
  ClientCapabilities,
  CompleteResult,
  ContentBlock,
  CreateMessageRequestParams,
  CreateMessageResult,
  ElicitRequestFormParams,
  ElicitRequestURLParams,
  ElicitResult,
  GetPromptResult,
  Implementation,
  InputRequiredResult,
  LoggingLevel,
  OAuthClientProvider,
  Progress,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  Root,
  ServerCapabilities,
  Tool,
  Transport,
} from '@modelcontextprotocol/client';
