import type { CallToolRequestParams, CallToolResult, RequestOptions } from '@modelcontextprotocol/client';
import { official } from '../../transport/official.ts';
import { callResultOf } from '../connection/call-result.ts';
import type { Connection } from '../connection/connection.ts';
import { DirectCalls } from '../connection/direct-calls.ts';
import type { ToolBook, ToolPage } from './tool-book.ts';

/** The server enforces an argument header that was not sent (SEP-2243). */
const HEADER_MISMATCH = -32020;

export interface ToolCall {
  readonly connection: Connection;
  readonly params: CallToolRequestParams;
  readonly options: RequestOptions;
  readonly tools: ToolBook;
  /** Lists the tools again. */
  readonly relist: () => Promise<unknown>;
}

/** Sends `tools/call` and checks structured content against what the server listed (row S6). */
export function callTool(call: ToolCall): Promise<CallToolResult> {
  const page = call.tools.get(call.params.name);
  const preparing = page?.prepare();
  return preparing === undefined ? callPrepared(call, page) : preparing.then(() => callPrepared(call, page));
}

function callPrepared(call: ToolCall, page: ToolPage | undefined): Promise<CallToolResult> {
  const { connection } = call;
  const mayMirror =
    connection.perRequestStream && connection.era === 'modern' && (page?.mirrorsHeaders ?? true);
  const answer = mayMirror ? callWithHeaders(call, page) : sendCall(call);
  if (page?.tool.outputSchema === undefined) return answer;
  return answer.then((result) => {
    if (result.resultType === undefined || result.resultType === 'complete') page.check(result);
    return result;
  });
}

function sendCall({ connection, params, options }: ToolCall): Promise<CallToolResult> {
  const { directCalls } = connection;
  if (directCalls !== undefined && DirectCalls.suffices(options)) return directCalls.call(params, options);
  const request = { method: 'tools/call', params };
  return connection.client.request(request, callResultOf(connection.era), options);
}

/** The official client's own path: it repeats arguments as headers where the tool's schema says so. */
async function callWithHeaders(call: ToolCall, page: ToolPage | undefined): Promise<CallToolResult> {
  const { connection, params, options, tools, relist } = call;
  const send = (known: ToolPage | undefined): Promise<CallToolResult> => {
    if (known === undefined) return connection.client.callTool(params, options);
    const { name, inputSchema } = known.tool;
    return connection.client.callTool(params, { ...options, toolDefinition: { name, inputSchema } });
  };
  try {
    return await send(page);
  } catch (error) {
    if (page === undefined || !(error instanceof official.ProtocolError) || error.code !== HEADER_MISMATCH)
      throw error;
    await relist();
    return send(tools.get(params.name));
  }
}
