/** A call of a tool by a model. */
export interface WireCall {
  readonly name: string;
  readonly args?: Record<string, unknown>;
}

/** What a model says in one step: a text, or calls. */
export type Step = string | readonly WireCall[];

/** What a model was told of one call. */
export interface HeardResult {
  readonly tool: string;
  /** All that it could read. */
  readonly text: string;
  /** What it could see, as base64. */
  readonly images: readonly string[];
  /** Whether it could know that the call failed. */
  readonly failed: boolean;
}

/** What a model was told in one request, in words that are no API's. */
export interface Heard {
  readonly tools: readonly string[];
  /** The last thing that the user said. */
  readonly question: string;
  /** Results since it spoke last. */
  readonly results: readonly HeardResult[];
}

/** The id of a call: unique in a conversation, in the form that all APIs take. */
export function callId(request: number, index: number): string {
  return `call_${request}_${index}`;
}
