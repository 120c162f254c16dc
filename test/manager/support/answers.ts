import type { Session } from '../../../src/index.ts';
import type { ScriptedTool, WhoAmI } from '../../../src/testing/index.ts';
import { textOf } from '../../support/results.ts';

/** Tools that most tests need: an echo, one that says who it is, one that never answers. */
export const TOOLS: ScriptedTool[] = [
  { name: 'echo', annotations: { readOnlyHint: true } },
  { name: 'who', does: { type: 'whoami' }, annotations: { readOnlyHint: true } },
  { name: 'hang', does: { type: 'hang' } },
  { name: 'sleep', does: { type: 'sleepUntilCancelled' } },
];

/** Asks a session for its server, by the tool `who`. */
export async function who(session: Session): Promise<WhoAmI> {
  const answer: WhoAmI = JSON.parse(textOf(await session.callTool('who')));
  return answer;
}

/** The name of the server behind a session: tells fleet members apart. */
export async function nameOf(session: Session): Promise<string> {
  return (await who(session)).name;
}
