/** A heading's anchor, a link or an inline piece of code of a page, with the line that it stands on. */
export interface Found {
  readonly text: string;
  readonly line: number;
}

/** What the tests of the pages look at. Code blocks are left out, and so is inline code where links are looked for. */
export interface Page {
  /** The anchors of its headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  /** Targets of links and images, as they are written. */
  readonly links: readonly Found[];
  /** Inline code. */
  readonly code: readonly Found[];
}

const LINK = /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\s*\[[^\]]+\]:\s+(\S+)/gu;

export function parsePage(text: string): Page {
  const anchors = new Set<string>();
  const links: Found[] = [];
  const code: Found[] = [];
  for (const { content, line } of proseLines(text)) {
    const heading = /^#{1,6}\s+(.+?)\s*#*$/u.exec(content)?.[1];
    if (heading !== undefined) anchors.add(unused(anchorOf(heading), anchors));
    for (const [, piece = ''] of content.matchAll(/`([^`]+)`/gu)) code.push({ text: piece, line });
    for (const [, inline, reference] of content.replaceAll(/`[^`]*`/gu, '').matchAll(LINK)) {
      links.push({ text: inline ?? reference ?? '', line });
    }
  }
  return { anchors, links, code };
}

function* proseLines(text: string): Generator<{ content: string; line: number }> {
  let fence: string | undefined;
  for (const [index, content] of text.split(/\r?\n/u).entries()) {
    const mark = /^\s*(`{3,}|~{3,})/u.exec(content)?.[1];
    if (fence === undefined && mark === undefined) yield { content, line: index + 1 };
    else if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) === true) fence = undefined;
  }
}

/** Words in small letters, joined by hyphens; other characters than letters, digits, `_` and `-` are dropped. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** A heading that comes again has a number. */
function unused(anchor: string, taken: ReadonlySet<string>): string {
  if (!taken.has(anchor)) return anchor;
  let number = 1;
  while (taken.has(`${anchor}-${number}`)) number += 1;
  return `${anchor}-${number}`;
}
