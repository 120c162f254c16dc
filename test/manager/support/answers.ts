import type { Session } from '../../../src/index.ts';
import type { ScriptedTool, WhoAmI } from '../../../src/testing/index.ts';

/** Tools that most tests need: an echo, one that says who it is, one that never answers. */
export const TOOLS: ScriptedTool[] = [
  { name: 'echo', annotations: { readOnlyHint: true } },
  { name: 'who', does: { type: 'whoami' }, annotations: { readOnlyHint: true } },
  { name: 'hang', does: { type: 'hang' } },
  { name: 'sleep', does: { type: 'sleepUntilCancelled' } },
];

/** The text of a tool's result. */
export function textOf(result: { content?: unknown }): string {
  const [first]: unknown[] = Array.isArray(result.content) ? result.content : [];
  if (typeof first === 'object' && first !== null && 'text' in first) return String(first.text);
  throw new Error(`expected a text, got ${JSON.stringify(result)}`);
}

/** Asks a session for its server, by the tool `who`. */
export async function who(session: Session): Promise<WhoAmI> {
  const answer: WhoAmI = JSON.parse(textOf(await session.callTool('who')));
  return answer;
}

/** The name of the server behind a session: tells fleet members apart. */
export async function nameOf(session: Session): Promise<string> {
  return (await who(session)).name;
}
