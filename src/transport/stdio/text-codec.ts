import { TextDecoder } from 'node:util';
import { invalidOption } from '../../errors/options.ts';
import { encodingOf, type Encoding } from '../../internal/encodings.ts';
import type { StdioServerSpec } from '../../server-spec.ts';

export type EncodingErrors = NonNullable<StdioServerSpec['encodingErrors']>;

/** Turns the bytes of a pipe into text and back. */
export interface TextCodec {
  readonly encoding: Encoding;
  /** Bytes of the smallest unit, which is what a newline takes. */
  readonly unitBytes: 1 | 2;
  /** Throws when the bytes are not valid and the choice was `strict`. */
  decode(bytes: Buffer): string;
  /** Rewrites JSON so that the encoding can carry it; undefined when it can carry all text. */
  readonly carry?: (json: string) => string;
}

/** Throws `CONFIG_INVALID` when `encoding` or `encodingErrors` is not one of theirs. */
export function createTextCodec(name = 'utf-8', errors: EncodingErrors = 'strict'): TextCodec {
  const encoding = encodingOf(name);
  if (encoding === undefined)
    throw invalidOption('encoding', 'must be one of "utf-8", "utf-16le" and "latin1"');
  const decoders = decodersOf(encoding);
  if (!Object.hasOwn(decoders, errors)) {
    throw invalidOption('encodingErrors', 'must be one of "strict", "ignore" and "replace"');
  }
  return {
    encoding,
    unitBytes: encoding === 'utf-16le' ? 2 : 1,
    decode: decoders[errors],
    ...(encoding === 'latin1' && { carry: escapeBeyondLatin1 }),
  };
}

type Decoders = Record<EncodingErrors, (bytes: Buffer) => string>;

function decodersOf(encoding: Encoding): Decoders {
  switch (encoding) {
    case 'utf-8':
      return {
        strict: standard('utf-8', true),
        replace: standard('utf-8', false),
        ignore: ignoringUtf8,
      };
    case 'utf-16le':
      return { strict: standard(encoding, true), replace: standard(encoding, false), ignore: ignoringUtf16 };
    case 'latin1': {
      // Not TextDecoder's latin1, which is windows-1252. Every byte is valid.
      const decode = (bytes: Buffer): string => bytes.toString('latin1');
      return { strict: decode, replace: decode, ignore: decode };
    }
  }
}

function standard(label: string, fatal: boolean): (bytes: Buffer) => string {
  const decoder = new TextDecoder(label, { fatal });
  return (bytes) => decoder.decode(bytes);
}

const REPLACEMENT = '\ufffd';
const REPLACEMENT_UTF8 = Buffer.from(REPLACEMENT);

/** Decodes the text between the U+FFFDs that the sender wrote: those that decoding adds stand for invalid bytes. */
function ignoringUtf8(bytes: Buffer): string {
  const decoder = new TextDecoder('utf-8');
  const parts: string[] = [];
  let start = 0;
  for (let end = 0; end !== -1; start = end + REPLACEMENT_UTF8.length) {
    end = bytes.indexOf(REPLACEMENT_UTF8, start);
    const part = bytes.subarray(start, end === -1 ? bytes.length : end);
    parts.push(decoder.decode(part).replaceAll(REPLACEMENT, ''));
    if (end === -1) break;
  }
  return parts.join(REPLACEMENT);
}

function ignoringUtf16(bytes: Buffer): string {
  return bytes.toString('utf16le').replace(/^\ufeff|\p{Surrogate}/gu, '');
}

function escapeBeyondLatin1(json: string): string {
  // In JSON, characters beyond ASCII occur in strings only, where an escape means the same.
  return json.replace(/[^\0-\xff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
