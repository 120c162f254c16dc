import { printable } from '../internal/text.ts';
import { visibleText } from '../internal/visible-text.ts';
import type { Member } from './members/member.ts';

/** How long the instructions of one server may be, in characters; the rest is cut. */
const MAX_OF_SERVER = 4_000;
/** How long the text may be in all. */
const MAX_LENGTH = 32_000;

/**
 * The instructions of these servers as one text for a model, with a heading for each server. Empty when none has any.
 * Servers write them, so characters that nobody sees are left out, and their own headings are made smaller: none can
 * speak in the name of another.
 */
export function instructionsText(members: Iterable<Member>): string {
  const sections = [...members].flatMap(({ name, phase, session }) => {
    const isThere = phase === 'joined' && session.status.state !== 'closed';
    const text = isThere ? visibleText(session.instructions ?? '').trim() : '';
    if (text === '') return [];
    const cut = text.length > MAX_OF_SERVER ? `${text.slice(0, MAX_OF_SERVER)}…` : text;
    return [`## ${printable(visibleText(name), 80)}\n\n${withSmallerHeadings(cut)}`];
  });
  const shown: string[] = [];
  let left = MAX_LENGTH;
  for (const section of sections) {
    left -= section.length + 2;
    if (left < 0) break;
    shown.push(section);
  }
  const missing = sections.length - shown.length;
  if (missing > 0) shown.push(`(The instructions of ${missing} more servers are left out.)`);
  return shown.join('\n\n');
}

/** Puts the headings of a Markdown text below those of the servers. */
function withSmallerHeadings(text: string): string {
  return text
    .replace(/^([ \t>]*)(#{1,6})(?=\s|$)/gm, '$1##$2')
    .replace(/^([ \t>]*)(=+|-+)[ \t]*$/gm, '$1\\$2');
}
