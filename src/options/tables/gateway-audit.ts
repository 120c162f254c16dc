import { anyFunction, count, oneOf, text, textThat, type OptionTable } from '../kinds.ts';

const auditKey = textThat((given) => (given.length >= 16 ? undefined : 'a text of 16 characters or more'));

export const gatewayAuditOptions = {
  file: {
    kind: text,
    about: 'The file that gets a line of JSON for each call, with mode 0600. Either this or `write`.',
  },
  write: { kind: anyFunction, about: 'Called with each entry, in place of a file.' },
  key: {
    kind: auditKey,
    byDefault: 'a random one for each gateway',
    about: 'The key of the digests, so that those of several runs can be compared.',
  },
  maxBytes: {
    kind: count(1_024, 'bytes'),
    default: 10_485_760,
    about: 'How large the file may become before the next one is begun.',
  },
  maxFiles: {
    kind: count(1),
    default: 5,
    about: 'How many files are kept: the present one, and older ones that end in `.1`, `.2` and so on.',
  },
  maxQueued: {
    kind: count(1),
    default: 10_000,
    about:
      'How many entries may wait to be written. Further ones are dropped, and counted in the next entry.',
  },
  whenFailing: {
    kind: oneOf('continue', 'refuse'),
    default: 'continue' as const,
    about:
      'What becomes of calls while entries cannot be written, as when the disk is full: they go on, with a `problem` event, or are refused.',
  },
} satisfies OptionTable;
