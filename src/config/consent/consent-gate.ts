import { configFailure, consentMissing, trustFileUnusable } from '../../errors/config.ts';
import { ConsentFile } from './consent-file.ts';
import type { AskConsent, ConsentAnswer, ConsentRequest } from './consent-request.ts';
import type { ConsentLack } from '../../errors/registry.ts';
import type { Environment } from '../environment.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';
import { consentFor, describeFile, digestOf, isEmpty } from './describe-file.ts';
import { consentKey, consentPath } from './project-file.ts';

/**
 * Stands between reading and expanding a file that was found. What is agreed to is the content that was read, and that
 * content is used: the file is not read again.
 */
export class ConsentGate {
  /** Where consents are kept. */
  readonly recordPath: string;
  readonly #path: string;
  readonly #consent: boolean | AskConsent | undefined;
  /** The contents that were agreed to in this program. */
  readonly #agreed = new Set<string>();
  #isClosed = false;

  constructor(path: string, env: Environment, consent: boolean | AskConsent | undefined) {
    this.#path = path;
    this.recordPath = consentPath(env);
    this.#consent = consent;
  }

  /** Whether the last content was not agreed to. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Rejects with `CONFIG_INVALID` unless the content is agreed to. */
  async pass(root: Readonly<Record<string, unknown>>): Promise<void> {
    if (isEmpty(root)) return;
    const digest = digestOf(root);
    this.#isClosed = false;
    if (this.#agreed.has(digest)) return;
    const why = await this.#refusal(root, digest);
    if (why === undefined) {
      this.#agreed.add(digest);
      return;
    }
    this.#isClosed = true;
    throw consentMissing(this.#path, why === 'new' && this.#agreed.size > 0 ? 'changed' : why);
  }

  /** Why the content is refused; undefined when it is agreed to. */
  async #refusal(
    root: Readonly<Record<string, unknown>>,
    digest: string,
  ): Promise<ConsentLack['reason'] | undefined> {
    // `true` stands for the content of now, and not for what somebody writes there later.
    if (this.#consent === true && this.#agreed.size === 0) return undefined;
    const record = new ConsentFile(this.recordPath);
    const isInside = await record.isInside(workspaceFolder(this.#path));
    const key = await consentKey(this.#path);
    // What lies in the project may have come with it.
    const before = isInside ? undefined : await record.get(key);
    if (before?.digest === digest) return undefined;
    const why = before === undefined ? 'new' : 'changed';
    if (typeof this.#consent !== 'function') return why;
    const request = describeFile(this.#path, root, before, this.#agreed.size > 0);
    const answer = await this.#ask(this.#consent, request);
    if (answer === 'remember') {
      if (isInside)
        throw trustFileUnusable(record.path, 'lies in the project itself, so that nothing is kept in it');
      await record.add(consentFor(key, root, request));
    }
    return answer === true || answer === 'remember' ? undefined : 'refused';
  }

  async #ask(ask: AskConsent, request: ConsentRequest): Promise<ConsentAnswer> {
    try {
      return await ask(request);
    } catch (error) {
      throw configFailure(`Asking for consent to ${this.#path}`, error);
    }
  }
}
