import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describeServers, digestsOf } from '../../config/consent/describe-file.ts';
import { isProjectFile, isUsersOwn } from '../../config/consent/project-file.ts';
import { reviewFile, type Review } from '../../config/consent/review.ts';
import { portableServer } from '../../config/editors/portable-server.ts';
import type { FoundServer } from '../../config/editors/read-editor-configs.ts';
import { isFile } from '../../config/find-config.ts';
import { consentMissing } from '../../errors/config.ts';
import { isRecord } from '../../internal/checks.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { agrees } from './consent.ts';

/**
 * Asks before servers of a project's files are copied: in the user's own file they would need no consent any more. Returns
 * whether the agreement holds for longer than this run. Rejects with `CONFIG_INVALID` without an agreement.
 */
export async function agreeToProject(
  invocation: Invocation,
  servers: readonly FoundServer[],
): Promise<boolean> {
  const { options, terminal } = invocation;
  let isLasting = true;
  for (const path of new Set(servers.map(({ source }) => source.path))) {
    const found = servers.filter(({ source }) => source.path === path);
    if (await isUsersOwn(path, process.env)) continue;
    const review = await reviewFile(path, process.cwd(), process.env);
    if (review.state === 'agreed' && found.every((server) => isIn(review, server))) continue;
    if (options.trust) {
      isLasting = false;
      continue;
    }
    const reason = review.state === 'changed' ? 'changed' : 'new';
    if (!terminal.interactive) throw consentMissing(path, reason);
    const { before: _, ...described } = review.request;
    const request = {
      ...described,
      servers: describeServers(new Map(found.map(({ name, definition }) => [name, definition]))),
      sections: [],
    };
    const message = 'Agree to copy these servers, so that commands may start them?';
    if (!(await agrees(invocation, request, message))) throw consentMissing(path, 'refused');
  }
  return isLasting;
}

/** Whether a server that was found stands in the reviewed content as it was found. */
function isIn({ root }: Review, { name, definition, source }: FoundServer): boolean {
  let section: unknown = root;
  for (const key of source.section) section = isRecord(section) ? section[key] : undefined;
  const given = isRecord(section) && Object.hasOwn(section, name) ? section[name] : undefined;
  return isDeepStrictEqual(portableServer(source.editor, given), definition);
}

/**
 * Looks at the file that servers are to be copied to. The returned function agrees to what was written: the user has just
 * written it. It does so only where nothing else stands in the file that the user has not agreed to.
 */
export async function reviewTarget(target: string): Promise<(copied: readonly string[]) => Promise<void>> {
  const path = resolve(target);
  if (!(await isProjectFile(path, process.env))) return async () => {};
  const before = (await isFile(path)) ? await reviewFile(path, process.cwd(), process.env) : undefined;
  const isAgreed = before === undefined || before.state === 'agreed' || before.state === 'empty';
  if (!isAgreed) return async () => {};
  const digests = before === undefined ? new Map<string, string>() : digestsOf(before.root);
  return async (copied) => {
    if (copied.length === 0) return;
    const now = await reviewFile(path, process.cwd(), process.env);
    const written = new Set(copied.map((name) => `server ${name}`));
    const others = [...digestsOf(now.root)].filter(([place]) => !written.has(place));
    if (others.every(([place, digest]) => digests.get(place) === digest)) await now.agree();
  };
}
