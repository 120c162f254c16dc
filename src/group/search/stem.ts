const LEAST_STEM = 3;

/** Endings in the order in which they are tried; a stem shorter than its minimum keeps its ending. */
const ENDINGS: readonly { readonly ending: string; readonly put?: string; readonly least?: number }[] = [
  { ending: 'ments', least: 5 },
  { ending: 'ment', least: 5 },
  { ending: 'ions', least: 5 },
  { ending: 'ion', least: 5 },
  { ending: 'ings' },
  { ending: 'ing' },
  { ending: 'ies', put: 'y', least: 2 },
  { ending: 'ied', put: 'y', least: 2 },
  { ending: 'ed' },
  { ending: 'sses', put: 'ss', least: 1 },
  { ending: 'xes', put: 'x', least: 1 },
  { ending: 'ches', put: 'ch', least: 1 },
  { ending: 'shes', put: 'sh', least: 1 },
  { ending: 's', least: 2 },
];

/** Endings that look like one of {@link ENDINGS} and belong to the word. */
const WHOLE = /(?:ss|us|is|eed|ring|thing)$/;

const DOUBLED = /([b-df-hjkmnp-rtvwx])\1$/;

/**
 * Removes the usual English endings of a lower-case word, so that "delete" finds "deletes", "deleting" and "deletion".
 * The result need not be a word, only the same for related words. Words of other languages hardly change.
 */
export function stem(word: string): string {
  if (word.length <= LEAST_STEM || !/^[a-z]+$/.test(word)) return word;
  return withoutFinalE(withoutEnding(word));
}

function withoutEnding(word: string): string {
  if (WHOLE.test(word)) return word;
  for (const { ending, put = '', least = LEAST_STEM } of ENDINGS) {
    if (!word.endsWith(ending)) continue;
    const rest = word.slice(0, -ending.length);
    if (rest.length < least) return word;
    return put === '' ? rest.replace(DOUBLED, '$1') : rest + put;
  }
  return word;
}

function withoutFinalE(word: string): string {
  return word.length > LEAST_STEM && word.endsWith('e') ? word.slice(0, -1) : word;
}
