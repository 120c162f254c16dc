import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { Server, type EventStore, type JSONRPCMessage } from '@modelcontextprotocol/server';
import { onTestFinished } from 'vitest';

/** What one call of the tool `talk` does. */
export interface Talk {
  /** What all that it says and asks begins with. */
  readonly id: string;
  /** How often it logs and reports progress. */
  readonly steps?: number;
  /** How often it asks. */
  readonly asks?: number;
  /** How often it logs on the stream that belongs to no call. */
  readonly strays?: number;
  /** Whether it asks on the stream that belongs to no call. */
  readonly asksOutside?: boolean;
  /** How long it waits between its steps at most, in milliseconds. */
  readonly maxMs?: number;
}

export interface TalkingServer {
  readonly url: string;
  /** How many sessions have been opened. A request that finds out the era opens none. */
  readonly sessions: () => number;
  /** The capabilities that each session was opened with. */
  readonly declared: () => readonly unknown[];
  /** Logs on the standalone stream of every session. */
  readonly stray: (text: string) => Promise<void>;
  /** Asks on the standalone stream of every session. Resolves with what it was answered, or told. */
  readonly ask: (text: string) => Promise<string[]>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const form = (message: string) => ({
  method: 'elicitation/create' as const,
  params: {
    mode: 'form' as const,
    message,
    requestedSchema: { type: 'object' as const, properties: { who: { type: 'string' as const } } },
  },
});

/** An older server of the official kind, that says and asks a lot in its calls. With `resumes` its events have ids. */
export async function talkingServer({ resumes = false } = {}): Promise<TalkingServer> {
  const transports = new Map<string, NodeStreamableHTTPServerTransport>();
  const servers: Server[] = [];
  let opened = 0;
  const open = async (): Promise<NodeStreamableHTTPServerTransport> => {
    const server = new Server(
      { name: 'talking', version: '1' },
      { capabilities: { tools: {}, logging: {}, resources: {} } },
    );
    servers.push(server);
    server.setRequestHandler('tools/list', () => ({
      tools: [{ name: 'talk', inputSchema: { type: 'object' as const } }],
    }));
    server.setRequestHandler('resources/list', () => ({ resources: [] }));
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const {
        id,
        steps = 0,
        asks = 0,
        strays = 0,
        asksOutside,
        maxMs = 3,
      } = params.arguments as unknown as Talk;
      const progressToken = params._meta?.progressToken;
      const answers: unknown[] = [];
      for (let step = 0; step < Math.max(steps, asks, strays); step++) {
        await pause(Math.random() * maxMs);
        if (step < steps) {
          const logged = { level: 'error' as const, data: `${id} log` };
          await ctx.mcpReq.notify({ method: 'notifications/message', params: logged });
          if (progressToken !== undefined)
            await ctx.mcpReq.notify({
              method: 'notifications/progress',
              params: { progressToken, progress: step + 1, message: `${id} progress` },
            });
        }
        if (step < strays) await server.sendLoggingMessage({ level: 'error', data: `${id} stray` });
        if (step < asks) {
          const asked = ctx.mcpReq.send(form(`${id} asks`));
          answers.push(await asked.catch((error: unknown) => String(error)));
        }
      }
      if (asksOutside === true) answers.push(await server.request(form(`${id} asks`)).catch(String));
      return { content: [{ type: 'text' as const, text: JSON.stringify({ id, answers }) }] };
    });
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        opened++;
        transports.set(id, transport);
      },
      onsessionclosed: (id) => void transports.delete(id),
      ...(resumes && { eventStore: eventStore(), retryInterval: 50 }),
    });
    await server.connect(transport);
    return transport;
  };
  const http = createServer((request, response) => {
    const known = transports.get(String(request.headers['mcp-session-id']));
    void (known === undefined ? open() : Promise.resolve(known)).then((transport) =>
      transport.handleRequest(request, response),
    );
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.close()));
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  });
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    sessions: () => opened,
    declared: () => servers.flatMap((server) => server.getClientCapabilities() ?? []),
    ask: (text) =>
      Promise.all(
        servers
          .filter((server) => server.getClientCapabilities()?.elicitation !== undefined)
          .map((server) => server.request(form(text)).then((answer) => JSON.stringify(answer), String)),
      ),
    stray: async (text) => {
      await Promise.all(servers.map((server) => server.sendLoggingMessage({ level: 'error', data: text })));
    },
  };
}

function eventStore(): EventStore {
  const events: { id: string; streamId: string; message: JSONRPCMessage }[] = [];
  return {
    storeEvent: async (streamId, message) => {
      const id = `${streamId}_${events.length}`;
      events.push({ id, streamId, message });
      return id;
    },
    replayEventsAfter: async (lastEventId, { send }) => {
      const at = events.findIndex(({ id }) => id === lastEventId);
      const streamId = events[at]?.streamId ?? '';
      for (const event of events.slice(at + 1))
        if (event.streamId === streamId) await send(event.id, event.message);
      return streamId;
    },
  };
}
