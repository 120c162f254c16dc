import { trustFileUnusable } from '../../errors/config.ts';
import { ConsentFile, type Consent } from './consent-file.ts';
import type { ConsentRequest } from './consent-request.ts';
import type { Environment } from '../environment.ts';
import { workspaceFolder } from '../expand/workspace-folder.ts';
import { findConfig } from '../find-config.ts';
import { readJsonFile } from '../read/read-file.ts';
import { consentFor, describeFile, digestOf, isEmpty } from './describe-file.ts';
import { consentKey, consentPath, isUsersOwn } from './project-file.ts';

/** A file whose content somebody looks at, to agree to it or not. */
export interface Review {
  readonly path: string;
  /** `own` and `empty` need no consent. */
  readonly state: 'own' | 'empty' | 'agreed' | 'new' | 'changed';
  readonly request: ConsentRequest;
  readonly root: Readonly<Record<string, unknown>>;
  /** Keeps that the user agrees to the content that is shown, whatever the file says by then. */
  agree(): Promise<void>;
}

/** Reads a file, or the one that commands find from `cwd`, without expanding anything. Rejects with `CONFIG_INVALID`. */
export async function reviewFile(path: string | undefined, cwd: string, env: Environment): Promise<Review> {
  const file = path ?? (await findConfig(cwd, env));
  const { findings, root } = await readJsonFile(file);
  findings.throwIfFailed();
  const record = new ConsentFile(consentPath(env));
  const key = await consentKey(file);
  const isInside = await record.isInside(workspaceFolder(file));
  const isOwn = await isUsersOwn(file, env);
  const before = isOwn || isInside ? undefined : await record.get(key);
  const request = describeFile(file, root, before);
  return {
    path: file,
    state: isOwn ? 'own' : stateOf(root, before),
    request,
    root,
    agree: async () => {
      if (isInside)
        throw trustFileUnusable(record.path, 'lies in the project itself, so that nothing is kept in it');
      await record.add(consentFor(key, root, request));
    },
  };
}

function stateOf(root: Review['root'], before: Consent | undefined): Review['state'] {
  if (isEmpty(root)) return 'empty';
  if (before === undefined) return 'new';
  return before.digest === digestOf(root) ? 'agreed' : 'changed';
}

export interface ListedConsent {
  readonly path: string;
  readonly agreedAt: string;
  /** Whether the file still says what was agreed to. */
  readonly state: 'agreed' | 'changed' | 'missing';
}

/** Everything that the user has agreed to, the oldest first. */
export async function listConsents(env: Environment): Promise<ListedConsent[]> {
  const consents = await new ConsentFile(consentPath(env)).all();
  return Promise.all(
    consents.map(async ({ path, digest, agreedAt }) => {
      const now = await readJsonFile(path).then(
        ({ root }) => digestOf(root),
        () => undefined,
      );
      const state = now === undefined ? 'missing' : now === digest ? 'agreed' : 'changed';
      return { path, agreedAt, state };
    }),
  );
}

/** Forgets the consent to a file, which need not be there any more. Returns whether there was one. */
export async function revokeConsent(path: string, env: Environment): Promise<boolean> {
  const record = new ConsentFile(consentPath(env));
  return (await record.remove(await consentKey(path))) || record.remove(path);
}
