import { listOf, textThat, timeLimit, type OptionTable } from '../kinds.ts';

const redisUrl = textThat((given) =>
  URL.canParse(given) && /^rediss?:$/.test(new URL(given).protocol) && new URL(given).hostname !== ''
    ? undefined
    : 'a URL of Redis, such as "redis://localhost:6379", or with TLS "rediss://…"',
);

const nodeId = textThat((given) =>
  /^[\w.-]{1,64}$/.test(given) ? undefined : 'a name of 1 to 64 letters, digits and . _ -',
);

const prefix = textThat((given) =>
  /^[\w.:-]{1,64}$/.test(given) ? undefined : 'a text of 1 to 64 letters, digits and . _ : -',
);

const secret = textThat((given) => (given.length >= 32 ? undefined : 'a text of 32 characters or more'));

const nodeUrl = textThat((given) =>
  URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) ? undefined : 'an http or https URL',
);

export const gatewayClusterOptions = {
  url: {
    kind: redisUrl,
    about:
      'The URL of Redis, with user, password and number of the database if it needs them. Required, here or by `plenum serve --cluster`.',
  },
  nodeId: {
    kind: nodeId,
    byDefault: 'the name of the machine and a random part',
    about: 'What this node is called. No two nodes may have the same.',
  },
  advertise: {
    kind: nodeUrl,
    about: 'The URL of the endpoint of this node. `nodes()` shows it; nothing else uses it yet.',
  },
  secrets: {
    kind: listOf(secret, 'an array of texts of 32 characters or more'),
    required: true,
    about:
      'The secret that all nodes share, followed by earlier ones that are still good: of 32 characters or more each, such as `openssl rand -base64 32` makes.',
  },
  prefix: {
    kind: prefix,
    default: 'plenum',
    about: 'What all keys in Redis begin with; each cluster on one Redis needs its own.',
  },
  leaseMs: {
    kind: timeLimit,
    default: 3_000,
    about:
      'How long a node may be silent before the others take it for dead; the same for all nodes, and 500 at least.',
  },
} satisfies OptionTable;
