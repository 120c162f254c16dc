import { unusableServer } from '../errors/options.ts';
import type { PlenumError } from '../errors/plenum-error.ts';
import type { ServerSpec, UrlServerSpec } from '../server-spec.ts';
import type { ManagedTransport, TransportContext, TransportKind } from './managed-transport.ts';
import { parseServerUrl } from './server-url.ts';
import { StdioTransport } from './stdio/stdio-transport.ts';

/**
 * Makes the transport that a spec asks for; it is not started yet. Transports that need large packages are loaded when they
 * are first asked for.
 *
 * Throws `CONFIG_INVALID` for a shape or URL that names none, and `CONNECT_FAILED` when the function of a custom
 * spec fails.
 */
export async function openTransport(spec: ServerSpec, context: TransportContext): Promise<ManagedTransport> {
  if ('command' in spec) return new StdioTransport(spec, context);
  if ('url' in spec) return openUrl(spec, context);
  if ('server' in spec) {
    const { InProcessTransport } = await import('./in-process/in-process-transport.ts');
    return new InProcessTransport(spec, context);
  }
  if ('transport' in spec) {
    const { CustomTransport } = await import('./custom/custom-transport.ts');
    return CustomTransport.create(spec, context);
  }
  throw unknownShape(spec, context.server);
}

/** Which transport a spec asks for, before anything is opened; a URL without a type may turn out to be SSE. */
export function transportKindOf(spec: ServerSpec): TransportKind {
  if ('command' in spec) return 'stdio';
  if ('url' in spec) {
    const { type } = parseServerUrl(spec);
    return type === 'detect' ? 'http' : type;
  }
  if ('server' in spec) return 'in-process';
  if ('transport' in spec) return 'custom';
  throw unknownShape(spec);
}

async function openUrl(spec: UrlServerSpec, context: TransportContext): Promise<ManagedTransport> {
  const { type } = parseServerUrl(spec, context.server);
  switch (type) {
    case 'http': {
      const { StreamableHttpTransport } = await import('./http/streamable-http-transport.ts');
      return new StreamableHttpTransport(spec, context);
    }
    case 'sse': {
      const { SseTransport } = await import('./http/sse-transport.ts');
      return new SseTransport(spec, context);
    }
    case 'websocket': {
      const { WebSocketTransport } = await import('./websocket/websocket-transport.ts');
      return new WebSocketTransport(spec, context);
    }
    case 'detect': {
      const { UrlTransport } = await import('./http/url-transport.ts');
      return new UrlTransport(spec, context);
    }
  }
}

function unknownShape(spec: never, server?: string): PlenumError {
  const whose = server === undefined ? 'A server spec' : `The spec of server "${server}"`;
  const keys = Object.keys(spec).join(', ') || 'nothing';
  return unusableServer(
    `${whose} needs one of "command", "url", "server" and "transport"; it has ${keys}.`,
    server,
  );
}
