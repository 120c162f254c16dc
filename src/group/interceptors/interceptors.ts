import type { CallToolResult } from '@modelcontextprotocol/client';
import type { CallOptions } from '../../session/call-options.ts';
import type { ToolEntry } from '../catalog/catalog.ts';

/** What an interceptor may say about a call beside its arguments; who may cancel it is settled. */
export type InterceptedCallOptions = Omit<CallOptions, 'signal'>;

/** A tool call on its way to its server, as one interceptor sees it. To change it, give `next` something else. */
export interface InterceptedCall {
  /** The name that was called: the tool's key in `group.tools`. */
  readonly name: string;
  /** The server that has the tool. */
  readonly server: string;
  /** What that server calls it. */
  readonly tool: string;
  /** The tool's definition, with its annotations, as it was when the call began. */
  readonly definition: ToolEntry;
  /** The arguments; an empty object when there are none. */
  readonly args: Readonly<Record<string, unknown>>;
  /** What was said with the call, `meta` and `timeoutMs` among it. */
  readonly options: InterceptedCallOptions;
  /** How often the call has come this far: more than 1 when an interceptor further out called `next` again. */
  readonly attempt: number;
  /** Aborts when the caller gives up, when time is over, or when the group is destroyed. */
  readonly signal: AbortSignal;
}

/** What an interceptor changes; the rest stays as it is, and `options` are laid over those that there are. */
export interface InterceptedCallChanges {
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: InterceptedCallOptions | undefined;
}

/**
 * Lets the call go on, to the next interceptor and in the end to the server. May be called again, once or never. After
 * the call has ended it rejects with `ABORTED`, and nothing is sent.
 */
export type InterceptorNext = (changes?: InterceptedCallChanges) => Promise<CallToolResult>;

/**
 * Stands around every tool call of a group: may look at it, change it, hold it back, answer it itself, let it go on
 * more than once, and change or replace what comes back. What it returns is what the one further out gets from `next`.
 */
export type ToolInterceptor = (
  call: InterceptedCall,
  next: InterceptorNext,
) => CallToolResult | Promise<CallToolResult>;
