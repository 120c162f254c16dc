/** Texts of these characters only, as most are, have nothing to remove. */
const PLAIN = /^[\n\r\t\x20-\x7e]*$/;

/** Sequences by which a terminal is controlled, as a whole. */
const ESCAPES = String.raw`\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?`;
/**
 * Characters that nobody sees: controls, soft hyphens, marks of direction, zero-width spaces and joiners, fillers, annotations,
 * tags.
 */
const UNSEEN = String.raw`[\0-\x08\v\f\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e00ff}\u{e01f0}-\u{e0fff}]`;
/** What a joiner may stand between: letters of scripts that need it, and pictures. */
const JOINED = String.raw`(?![\0-\x7f])[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]`;
const JOINERS = String.raw`[\u200c\u200d](?!${JOINED})|(?<!${JOINED})[\u200c\u200d]`;
/** Variation selectors that follow nothing that has variations. */
const VARIATIONS =
  String.raw`(?<!\p{Emoji})[\ufe0e\ufe0f]|(?<!\p{Unified_Ideograph})[\u{e0100}-\u{e01ef}]` +
  String.raw`|(?<![\p{Unified_Ideograph}\p{Sm}\p{Script=Myanmar}\p{Script=Phags_Pa}])[\ufe00-\ufe0d]` +
  String.raw`|(?<!\p{Script=Mongolian})[\u180b-\u180d\u180f]`;
const HIDDEN = new RegExp([ESCAPES, UNSEEN, JOINERS, VARIATIONS].join('|'), 'gu');

/** A text without what nobody sees, such as tags, marks of direction and escapes. Emoji and scripts keep what they need. */
export function visibleText(text: string): string {
  return PLAIN.test(text) ? text : text.replace(HIDDEN, '');
}
