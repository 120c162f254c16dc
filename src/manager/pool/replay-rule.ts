import type { Tool } from '@modelcontextprotocol/client';

/** Whether tools may run again; `unknown` while the server has not listed them. */
export type Replay = 'allowed' | 'forbidden' | 'unknown';

/** Decides which tools may run a second time: those that the latest list annotates as read-only or idempotent. */
export class ReplayRule {
  readonly #harmless = new Map<string, boolean>();

  /** Takes a list, or one of its later pages, which comes in addition. */
  learn(tools: readonly Tool[], more = false): void {
    if (!more) this.#harmless.clear();
    for (const { name, annotations } of tools) {
      const harmless = annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
      // Of a tool that is listed twice, both must be harmless.
      this.#harmless.set(name, harmless && this.#harmless.get(name) !== false);
    }
  }

  /**
   * Judges a set of tools: `forbidden` if one is. `undefined` in the set is a request of unknown effect, and forbidden.
   */
  judge(tools: ReadonlySet<string | undefined>): Replay {
    const verdicts = [...tools].map((tool) => (tool === undefined ? false : this.#harmless.get(tool)));
    if (verdicts.includes(false)) return 'forbidden';
    return verdicts.includes(undefined) ? 'unknown' : 'allowed';
  }
}
