import { stem } from './stem.ts';

/** Text beyond this is not searched: descriptions come from servers and may have any size. */
const MAX_TEXT_LENGTH = 4_000;
const MAX_WORD_LENGTH = 40;

/** Letters and digits, with hyphens and apostrophes between them. */
const COMPOUND = /[\p{L}\p{M}\p{N}]+(?:[-'’][\p{L}\p{M}\p{N}]+)*/gu;

/** Where camelCase and PascalCase words begin: `list|Pull|Requests`, `HTTP|Server`. */
const HUMP = /(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;

const STARTS_SMALL = /^\p{Ll}/u;

/** Words that say nothing about what is searched. Short verbs are not among them: "get" is not "set". */
const STOP_WORDS: ReadonlySet<string> = new Set(
  `a about again all also am an and any are as at be been before but by can could d did do does don doesn for from had
   has have having he her here hey hi him his how i if im in into is isn it its ll m me much my need no not of ok on
   one or our please re s she should so some t than thank thanks that the their them then there these they this those
   to too up us ve want was we were what when where which who will with would yes you your`.split(/\s+/),
);

/** The words of an identifier: `create_issue`, `listPullRequests`, `SendMessage`. */
export function wordsOfName(text: string): string[] {
  return words(text, (part) => part.split(HUMP));
}

/** The words of running text. A name like GitHub stays whole here, an identifier like `createIssue` does not. */
export function wordsOfText(text: string): string[] {
  return words(text, (part) => (STARTS_SMALL.test(part) ? part.split(HUMP) : [part]));
}

/** The terms of a query, each once: the words that are no stop words, or all words if there are no others. */
export function termsOfQuery(query: string): string[] {
  const all = wordsOfText(query);
  const telling = all.filter((word) => !STOP_WORDS.has(word));
  return [...new Set((telling.length > 0 ? telling : all).map(stem))];
}

function words(text: string, split: (part: string) => string[]): string[] {
  const found: string[] = [];
  for (const [compound] of text.slice(0, MAX_TEXT_LENGTH).matchAll(COMPOUND)) {
    const parts = compound.replace(/['’]s$/, '').split(/[-'’]/);
    const pieces = parts.flatMap(split);
    // Also as one word: "e-mail" is looked for as "email", "GitHub" as "github".
    if (pieces.length > 1) pieces.push(parts.join(''));
    for (const piece of pieces) found.push(normal(piece));
  }
  return found;
}

function normal(word: string): string {
  return word.slice(0, MAX_WORD_LENGTH).normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}
