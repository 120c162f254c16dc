import { isRecord } from '../internal/checks.ts';
import { isDeeperThan } from '../internal/json/depth.ts';
import { annotations, resourceShape } from './definitions.ts';
import type { Findings } from './oddities.ts';
import { MOST_LEVELS, name, only, record, Shape, text, UNUSABLE, type Kind } from './shapes.ts';

const DATA_URL = /^data:([^;,]*)(?:;[^,]*)?;base64,/i;
const BINARY = 'application/octet-stream';

/** Base64 with white space in it, and up to two signs that fill it up. */
const SPACED = /^[A-Za-z0-9+/\t\n\f\r ]*(?:=[\t\n\f\r ]*){0,2}$/;

/** Whether `atob` accepts it, which ignores white space. */
function isBase64(value: string): boolean {
  const end = value.search(/[^A-Za-z0-9+/]/);
  if (end === -1) return value.length % 4 !== 1;
  const { length } = value;
  if (value.startsWith('=', end) && end >= length - 2 && value.endsWith('=')) return length % 4 === 0;
  if (!SPACED.test(value)) return false;
  const [signs, fill] = countSigns(value);
  return fill === 0 ? signs % 4 !== 1 : (signs + fill) % 4 === 0;
}

/** How many signs of base64 a text has beside white space, and how many that fill it up. */
function countSigns(value: string): [signs: number, fill: number] {
  let signs = 0;
  let fill = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code === 0x3d) fill++;
    else if (code > 0x20) signs++;
  }
  return [signs, fill];
}

function withoutFill(value: string): string {
  let end = value.length;
  while (value[end - 1] === '=') end--;
  return value.slice(0, end);
}

const data: Kind = {
  fits: (value) => typeof value === 'string' && isBase64(value),
  mend(value, place, findings) {
    if (typeof value !== 'string') return UNUSABLE;
    const read = value.replace(DATA_URL, '').replaceAll('-', '+').replaceAll('_', '/').trim();
    const padded = isBase64(read) ? read : withoutFill(read);
    if (!isBase64(padded)) return UNUSABLE;
    findings.add('content-data', place);
    return padded;
  },
};

/** A text; anything else becomes its JSON, as its owner certainly meant to say something. */
const anyText: Kind = {
  fits: (value) => typeof value === 'string',
  mend(value, place, findings) {
    findings.add('plain-content', place);
    return asText(value);
  },
};

/** A text as it is, and the JSON of anything else; empty when that is too deep for a stack. */
export function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return isDeeperThan(MOST_LEVELS, value) ? '' : (JSON.stringify(value) ?? '');
}

function emptyText(_block: unknown, place: string, findings: Findings): string {
  findings.add('plain-content', place);
  return '';
}

const about = { annotations, _meta: record };

const textShape = new Shape({
  required: { text: anyText },
  optional: about,
  fallbacks: { text: emptyText },
});

const mediaShape = new Shape({
  required: { mimeType: name, data },
  optional: about,
  fallbacks: {
    mimeType(block, place, findings) {
      const [, type] = DATA_URL.exec(String(block['data'])) ?? [];
      findings.add('no-media-type', place);
      return type === undefined || type === '' ? BINARY : type;
    },
  },
});

const noText = (contents: Readonly<Record<string, unknown>>): boolean => typeof contents['text'] !== 'string';

const facts = { mimeType: text, _meta: record };
const textContents = new Shape({
  required: { uri: name, text: anyText },
  optional: facts,
  fallbacks: { uri: () => '', text: emptyText },
});
const blobContents = new Shape({
  required: { uri: name, blob: data },
  optional: facts,
  fallbacks: { uri: () => '' },
});

/** The contents of a resource: a text, or bytes. */
const resourceContents: Kind = {
  fits: (value) => textContents.fits(value) || blobContents.fits(value),
  mend(value, place, findings) {
    if (!isRecord(value)) return UNUSABLE;
    const { blob, text: given, ...rest } = value;
    if (typeof blob === 'string' && noText(value))
      return blobContents.mend({ ...rest, blob }, place, findings);
    return textContents.mend({ ...rest, ...(given !== undefined && { text: given }) }, place, findings);
  },
};

const embeddedShape = new Shape({ required: { resource: resourceContents }, optional: about });

/** The types of content that the official client knows. */
const BLOCKS: ReadonlyMap<unknown, Shape> = new Map([
  ['text', textShape],
  ['image', mediaShape],
  ['audio', mediaShape],
  ['resource', embeddedShape],
  ['resource_link', resourceShape],
]);

/** A block of content. One of a type that is not known does not fit, and is passed on as it is. */
const block: Kind = {
  fits: (value) => isRecord(value) && BLOCKS.get(value['type'])?.fits(value) === true,
  mend(value, place, findings) {
    if (value === null || value === undefined) return UNUSABLE;
    if (!isRecord(value)) {
      findings.add('plain-content', place);
      return { type: 'text', text: asText(value) };
    }
    const shape = BLOCKS.get(value['type']);
    if (shape !== undefined) return shape.mend(value, place, findings);
    if ((value['type'] === undefined || value['type'] === null) && typeof value['text'] === 'string')
      return textShape.mend({ ...value, type: 'text' }, place, noted(findings, place));
    findings.isBeyondClient = true;
    return value;
  },
};

function noted(findings: Findings, place: string): Findings {
  findings.add('plain-content', place);
  return findings;
}

export function isKnownBlock(value: unknown): boolean {
  return isRecord(value) && BLOCKS.has(value['type']);
}

/** A list of content; what cannot be used is left out of it. */
function contentsOf(what: string, kind: Kind): Kind {
  return {
    fits: (value) => Array.isArray(value) && value.every((item) => kind.fits(item)),
    mend(value, _place, findings) {
      const list: readonly unknown[] = Array.isArray(value) ? value : [value];
      if (!Array.isArray(value)) findings.add('lone-value', what);
      return list.flatMap((item, index): unknown[] => {
        if (kind.fits(item)) return [item];
        const place = `${what} ${index + 1}`;
        const mended = kind.mend(item, place, findings);
        if (mended !== UNUSABLE) return [mended];
        findings.add('unusable-content', place);
        return [];
      });
    },
  };
}

/** The content of the result of a tool. */
export const content = contentsOf('content block', block);

/** The contents of a resource that was read. */
export const contents = contentsOf('content', resourceContents);

const role = only((value) => value === 'user' || value === 'assistant');

const messageShape = new Shape({
  required: { role, content: block },
  fallbacks: {
    role(_message, place, findings) {
      findings.add('odd-role', place);
      return 'user';
    },
  },
});

/** The messages of a prompt. */
const oneMessageEach = contentsOf('message', messageShape);

export const messages: Kind = {
  fits: (value) => oneMessageEach.fits(value),
  mend(value, place, findings) {
    if (!Array.isArray(value)) return oneMessageEach.mend(value, place, findings);
    const split = value.flatMap((message: unknown, index): unknown[] => {
      if (!isRecord(message) || !Array.isArray(message['content'])) return [message];
      findings.add('several-contents', `message ${index + 1}`);
      return message['content'].map((each: unknown) => ({ ...message, content: each }));
    });
    return oneMessageEach.mend(split, place, findings);
  },
};
