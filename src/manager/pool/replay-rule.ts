import type { Tool } from '@modelcontextprotocol/client';

export type Replay = 'allowed' | 'forbidden' | 'unknown';

/**
 * Which tools may run again when they may have run before: those that their server annotates as read-only or
 * idempotent, when it last listed them.
 */
export class ReplayRule {
  readonly #harmless = new Map<string, boolean>();

  learn(tools: readonly Tool[]): void {
    this.#harmless.clear();
    for (const { name, annotations } of tools) {
      const harmless = annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
      // One that is listed twice is what the worse of them is.
      this.#harmless.set(name, harmless && this.#harmless.get(name) !== false);
    }
  }

  /** Judges a set of tools by its worst member; `unknown` when the server has not listed one of them yet. */
  judge(tools: ReadonlySet<string | undefined>): Replay {
    const verdicts = [...tools].map((tool) => (tool === undefined ? false : this.#harmless.get(tool)));
    if (verdicts.includes(false)) return 'forbidden';
    return verdicts.includes(undefined) ? 'unknown' : 'allowed';
  }
}
