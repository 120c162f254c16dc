import type { Session } from 'mcp-plenum';

/** How a contestant reaches one server: by a command, by a URL, or in its own process. */
export interface BenchServer {
  name: string;
  command?: string;
  args?: string[];
  url?: string;
  /** How many tools it has. */
  tools?: number;
  era?: 'legacy' | 'modern';
}

export interface OpenOptions {
  /** Called whenever a server's tools have changed. */
  onChanged?: (() => void) | undefined;
  /** Each server is ready by itself, and one may never be. */
  oneByOne?: boolean;
}

/** What the file of a contestant exports. */
export interface Contestant {
  open(servers: BenchServer[], onReady: (name: string) => void, options?: OpenOptions): Promise<Opened>;
}

/** A contestant that is connected to its servers. */
export interface Opened {
  /** How to call one tool of one server. */
  bind: (server: string, tool: string) => (args: Record<string, unknown>) => Promise<unknown>;
  /** The name under which a tool is found in the catalog of all. */
  exposed?: (server: string, tool: string) => string;
  lookup?: (name: string) => unknown;
  session?: (server: string) => Session;
  /** Changes the tools of a server in this process. */
  change?: (server: string, round: number | string) => void;
  close(): Promise<unknown>;
}
