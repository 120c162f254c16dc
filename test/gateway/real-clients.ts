import { createMCPClient, ElicitationRequestSchema } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as AiSdkStdio } from '@ai-sdk/mcp/mcp-stdio';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioTransport1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as HttpTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport as Transport1 } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  ResourceUpdatedNotificationSchema,
  ToolListChangedNotificationSchema,
  type LoggingLevel,
} from '@modelcontextprotocol/sdk/types.js';
import { createRuntime } from 'mcporter';

/** How a server is reached: its URL, or the program that speaks over its standard input and output. */
export type Place = { readonly url: string } | { readonly command: string; readonly args: string[] };

export const FEATURES = [
  'tools',
  'structured output',
  'progress',
  'cancellation',
  'elicitation',
  'sampling',
  'roots',
  'templates',
  'completion',
  'log level',
  'subscription',
  'list_changed',
] as const;

export type Feature = (typeof FEATURES)[number];

/** What a client was told by itself. */
export interface Heard {
  readonly logs: string[];
  readonly updated: string[];
  listChanges: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: number) => void;
  /** For revisions in which each request says which log messages it wants. */
  readonly logLevel?: LoggingLevel;
}

/** One client of whatever make, which is connected. */
export interface RealClient {
  readonly heard: Heard;
  toolNames(): Promise<string[]>;
  callTool(name: string, args: Record<string, unknown>, options?: CallOptions): Promise<unknown>;
  templates?(): Promise<string[]>;
  completePrompt?(
    name: string,
    argument: { name: string; value: string },
    known: Record<string, string>,
  ): Promise<string[]>;
  /** Undefined where each request has a level of its own. */
  setLogLevel?(level: LoggingLevel): Promise<unknown>;
  subscribe?(uri: string): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A client that people use. */
export interface Make {
  readonly name: string;
  readonly era: 'legacy' | 'modern';
  /** What it cannot do with a server that it speaks to directly either. */
  lacks(transport: 'http' | 'stdio'): readonly Feature[];
  connect(place: Place): Promise<RealClient>;
}

const INFO = { name: 'real', version: '1.0.0' };
const CAPABILITIES = { elicitation: { form: {} }, sampling: {}, roots: {} };
const ELICITED = { action: 'accept' as const, content: { name: 'Ada Lovelace' } };
const SAMPLED = {
  role: 'assistant' as const,
  model: 'scripted',
  content: { type: 'text' as const, text: 'The answer is 42.' },
};
const ROOTS = { roots: [{ uri: 'file:///srv/ada', name: 'ada' }] };

const newHeard = (): Heard => ({ logs: [], updated: [], listChanges: 0 });

/** The client of `@modelcontextprotocol/sdk` 1.x, which also mcporter gives to those who ask for it. */
function overClient1(client: Client1): RealClient {
  const heard = newHeard();
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    heard.logs.push(JSON.stringify(params.data));
  });
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    heard.updated.push(params.uri);
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    heard.listChanges++;
  });
  return {
    heard,
    toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
    callTool: (name, args, { signal, onProgress } = {}) =>
      client.callTool({ name, arguments: args }, undefined, {
        ...(signal && { signal }),
        ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
      }),
    templates: async () =>
      (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
    completePrompt: async (name, argument, known) => {
      const ref = { type: 'ref/prompt' as const, name };
      return (await client.complete({ ref, argument, context: { arguments: known } })).completion.values;
    },
    setLogLevel: (level) => client.setLoggingLevel(level),
    subscribe: (uri) => client.subscribeResource({ uri }),
    close: () => client.close(),
  };
}

const sdk1: Make = {
  name: '`@modelcontextprotocol/sdk` 1',
  era: 'legacy',
  lacks: () => [],
  connect: async (place) => {
    const client = new Client1(INFO, { capabilities: CAPABILITIES });
    client.setRequestHandler(ElicitRequestSchema, () => ELICITED);
    client.setRequestHandler(CreateMessageRequestSchema, () => SAMPLED);
    client.setRequestHandler(ListRootsRequestSchema, () => ROOTS);
    const real = overClient1(client);
    const transport: Transport1 =
      'url' in place ? new HttpTransport1(new URL(place.url)) : new StdioTransport1(place);
    await client.connect(transport);
    return real;
  },
};

function client2(era: 'legacy' | 'modern'): Make {
  return {
    name: `\`@modelcontextprotocol/client\` 2, ${era === 'legacy' ? 'older' : '2026-07-28'}`,
    era,
    lacks: () => [],
    connect: async (place) => {
      const heard = newHeard();
      const mode = era === 'legacy' ? 'legacy' : ({ pin: '2026-07-28' } as const);
      const client = new Client(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode } });
      client.setRequestHandler('elicitation/create', () => ELICITED);
      client.setRequestHandler('sampling/createMessage', () => SAMPLED);
      client.setRequestHandler('roots/list', () => ROOTS);
      client.setNotificationHandler('notifications/message', ({ params }) => {
        heard.logs.push(JSON.stringify(params.data));
      });
      client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
        heard.updated.push(params.uri);
      });
      client.setNotificationHandler('notifications/tools/list_changed', () => {
        heard.listChanges++;
      });
      await client.connect(
        'url' in place
          ? new StreamableHTTPClientTransport(new URL(place.url))
          : new StdioClientTransport(place),
      );
      if (era === 'modern') await client.listen({ toolsListChanged: true });
      return {
        heard,
        toolNames: async () => (await client.listTools()).tools.map(({ name }) => name),
        callTool: (name, args, { signal, onProgress, logLevel } = {}) =>
          client.callTool(
            {
              name,
              arguments: args,
              ...(logLevel && { _meta: { 'io.modelcontextprotocol/logLevel': logLevel } }),
            },
            {
              ...(signal && { signal }),
              ...(onProgress && { onprogress: ({ progress }) => onProgress(progress) }),
            },
          ),
        templates: async () =>
          (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
        completePrompt: async (name, argument, known) => {
          const ref = { type: 'ref/prompt' as const, name };
          return (await client.complete({ ref, argument, context: { arguments: known } })).completion.values;
        },
        ...(era === 'legacy' && { setLogLevel: (level) => client.setLoggingLevel(level) }),
        subscribe: (uri) =>
          era === 'legacy'
            ? client.subscribeResource({ uri })
            : client.listen({ resourceSubscriptions: [uri] }),
        close: () => client.close(),
      };
    },
  };
}

const quiet = { info() {}, warn() {}, error() {} };

const mcporter: Make = {
  name: 'mcporter',
  era: 'legacy',
  // It declares no capability of its own.
  lacks: () => ['elicitation', 'sampling', 'roots'],
  connect: async (place) => {
    const command =
      'url' in place
        ? { kind: 'http' as const, url: new URL(place.url) }
        : { kind: 'stdio' as const, ...place, cwd: process.cwd() };
    const runtime = await createRuntime({ servers: [{ name: 'it', command }], logger: quiet });
    const { client } = await runtime.connect('it', { disableOAuth: true });
    const real = overClient1(client);
    return {
      ...real,
      toolNames: async () => (await runtime.listTools('it')).map(({ name }) => name),
      callTool: (name, args, options) =>
        options === undefined ? runtime.callTool('it', name, { args }) : real.callTool(name, args, options),
      close: () => runtime.close(),
    };
  },
};

const aiSdk: Make = {
  name: 'AI SDK',
  era: 'legacy',
  // It cancels by hanging up, which is not known over stdio.
  lacks: (transport) => [
    'progress',
    'sampling',
    'roots',
    'log level',
    'subscription',
    'list_changed',
    ...(transport === 'stdio' ? (['cancellation'] as const) : []),
  ],
  connect: async (place) => {
    const client = await createMCPClient({
      transport: 'url' in place ? { type: 'http', url: place.url } : new AiSdkStdio(place),
      capabilities: { elicitation: {} },
    });
    client.onElicitationRequest(ElicitationRequestSchema, () => ELICITED);
    return {
      heard: newHeard(),
      toolNames: async () => Object.keys(await client.tools()),
      callTool: (name, args, { signal } = {}) =>
        client.callTool({ name, arguments: args, ...(signal && { options: { signal } }) }),
      templates: async () =>
        (await client.listResourceTemplates()).resourceTemplates.map(({ uriTemplate }) => uriTemplate),
      completePrompt: async (name, argument, known) => {
        const ref = { type: 'ref/prompt' as const, name };
        return (await client.complete({ ref, argument, context: { arguments: known } })).completion.values;
      },
      close: () => client.close(),
    };
  },
};

export const MAKES: readonly Make[] = [sdk1, client2('legacy'), client2('modern'), mcporter, aiSdk];
