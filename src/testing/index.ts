export { inProcess, type ScriptedInProcessServer } from './in-process.ts';
export { stdioSpec, type ScriptFile } from './stdio.ts';
export type { ServeHttpOptions } from './http/http-options.ts';
export { serveHttp, type LoggedHttpRequest, type ScriptedHttpServer } from './http/serve-http.ts';
export { httpProcess, type HttpProcess } from './http/http-process.ts';
export { serveSse, type ScriptedSseServer, type ServeSseOptions } from './http/serve-sse.ts';
export {
  serveWebSocket,
  type ScriptedWebSocketServer,
  type ServeWebSocketOptions,
} from './serve-websocket.ts';
export { TcpProxy, type TcpProxyOptions } from './network/tcp-proxy.ts';
export { readLedger, type LedgerEntry } from './server/ledger.ts';
export type { Reply } from './server/call.ts';
export type { JsonObject, RequestId, RpcError } from './server/json-rpc.ts';
export type { ScriptedServer } from './server/scripted-server.ts';
export type { Inspection, LoggedNotification, LoggedReply, LoggedRequest } from './server/server-core.ts';
export type {
  ControlCommand,
  Crash,
  Era,
  FaultChanges,
  Faults,
  ListKind,
  LogLevel,
  ScriptedCompletion,
  ScriptedPrompt,
  ScriptedResource,
  ScriptedResourceTemplate,
  ScriptedTool,
  ServerScript,
  ToolBehaviour,
  WhoAmI,
} from './script/script.ts';
