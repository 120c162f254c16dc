import type { CallToolResult } from '@modelcontextprotocol/client';
import type { CallOptions } from '../../session/call-options.ts';
import type { ToolEntry } from '../catalog/catalog.ts';

/** The options of a call that an interceptor can change: all but `signal`. */
export type InterceptedCallOptions = Omit<CallOptions, 'signal'>;

/** A tool call as one interceptor gets it. To change it, give `next` other arguments or options. */
export interface InterceptedCall {
  /** The name that was called: the tool's key in `group.tools`. */
  readonly name: string;
  /** The server that has the tool. */
  readonly server: string;
  /** The name of the tool on that server. */
  readonly tool: string;
  /** The tool's definition, with its annotations, as it was when the call began. */
  readonly definition: ToolEntry;
  /** The arguments; an empty object when there are none. */
  readonly args: Readonly<Record<string, unknown>>;
  /** The options of the call, such as `meta` and `timeoutMs`. */
  readonly options: InterceptedCallOptions;
  /** How often this call has reached this interceptor: more than 1 when an outer one called `next` again. */
  readonly attempt: number;
  /** Aborts when the caller's signal aborts, when a time limit is reached, or when the group is destroyed. */
  readonly signal: AbortSignal;
}

/** What an interceptor changes: `args` replaces the arguments, `options` are merged over the present ones. */
export interface InterceptedCallChanges {
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: InterceptedCallOptions | undefined;
}

/**
 * Passes the call on to the next interceptor, or from the last one to the server. May be called several times, or not at
 * all. After the call has ended it rejects with `ABORTED`, and nothing is sent.
 */
export type InterceptorNext = (changes?: InterceptedCallChanges) => Promise<CallToolResult>;

/**
 * A function around every tool call of a group. It can change, delay or repeat the call, answer without calling `next`,
 * and change the result. What it returns is what `next` of the outer interceptor resolves with.
 */
export type ToolInterceptor = (
  call: InterceptedCall,
  next: InterceptorNext,
) => CallToolResult | Promise<CallToolResult>;
