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
  UrlServerSpec,
} from './server-spec.ts';
export type { OverflowEvent } from './internal/event-hub.ts';

export { openSession, type OpenSessionOptions } from './session/open-session.ts';
export type { CallOptions, ReadOptions } from './session/call-options.ts';
export type { HandlerContext, Handlers, LogMessage, NotificationContext } from './session/handlers.ts';
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
export type { GroupEvent } from './group/group-events.ts';
export type { GroupConnectOptions, GroupOptions, GroupServerSpec } from './group/group-options.ts';
export type { AddOptions } from './group/joining.ts';
export type { ServerStatus } from './group/member.ts';

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
