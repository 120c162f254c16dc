type Range = readonly [from: number, to: number];

const ZERO = 48;
const NINE = 57;
const MINUS = 45;
const ANY_DIGIT: Range = [ZERO, NINE];

/**
 * The numbers from `low` to `high` as sequences of ranges of characters. There are at most about 20 for each digit, however
 * many numbers the range has. With a `width`, each number is filled up with zeros.
 */
export function numberRange(low: number, high: number, width: number): readonly (readonly Range[])[] {
  const found: (readonly Range[])[] = [];
  if (low < 0) {
    const negative = digitsBetween(high < 0 ? -high : 1, -low, Math.max(0, width - 1));
    found.push(...negative.map((digits) => [[MINUS, MINUS] as const, ...digits]));
  }
  if (high >= 0) found.push(...digitsBetween(Math.max(0, low), high, width));
  return found;
}

/** As {@link numberRange}, for numbers that are not negative. */
function digitsBetween(low: number, high: number, width: number): (readonly Range[])[] {
  if (width > 0) return sameLength(String(low).padStart(width, '0'), String(high).padStart(width, '0'));
  const found: (readonly Range[])[] = [];
  for (let length = String(low).length; length <= String(high).length; length++) {
    const first = length === 1 ? '0' : `1${'0'.repeat(length - 1)}`;
    const from = length === String(low).length ? String(low) : first;
    const to = length === String(high).length ? String(high) : '9'.repeat(length);
    found.push(...sameLength(from, to));
  }
  return found;
}

/** The numbers between two of the same number of digits. */
function sameLength(low: string, high: string): (readonly Range[])[] {
  if (low === '') return [[]];
  const [first, last] = [low.charCodeAt(0), high.charCodeAt(0)];
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  const behind = (digit: number, rests: (readonly Range[])[]): (readonly Range[])[] =>
    rests.map((rest) => [[digit, digit] as const, ...rest]);
  if (first === last) return behind(first, sameLength(lowRest, highRest));
  const any = Array.from({ length: lowRest.length }, () => ANY_DIGIT);
  const isLowest = /^0*$/.test(lowRest);
  const isHighest = /^9*$/.test(highRest);
  const [from, to] = [isLowest ? first : first + 1, isHighest ? last : last - 1];
  return [
    ...(isLowest ? [] : behind(first, sameLength(lowRest, '9'.repeat(lowRest.length)))),
    ...(from <= to ? [[[from, to] as const, ...any]] : []),
    ...(isHighest ? [] : behind(last, sameLength('0'.repeat(highRest.length), highRest))),
  ];
}
