/** Tokens that can be told by their form, each with whose it is. */
const KNOWN_TOKENS: readonly (readonly [what: string, form: RegExp])[] = [
  ['a token of GitHub', /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})/],
  ['a token of GitLab', /\bglpat-[\w-]{16,}/],
  ['a key of Anthropic', /\bsk-ant-[\w-]{16,}/],
  ['a key of OpenAI', /\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}/],
  ['a key of Stripe', /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}/],
  ['a token of Slack', /\bxox[abeoprs]-[\w-]{10,}|\bxapp-[\w-]{10,}/],
  ['a key of AWS', /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/],
  ['a key of Google', /\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}/],
  ['a token of npm', /\bnpm_[A-Za-z0-9]{30,}/],
  ['a token of Hugging Face', /\bhf_[A-Za-z0-9]{20,}/],
  ['a key of SendGrid', /\bSG\.[\w-]{16,}\.[\w-]{16,}/],
  ['a token of Notion', /\b(?:secret|ntn)_[A-Za-z0-9]{32,}/],
  ['a key of Linear', /\blin_(?:api|oauth)_[A-Za-z0-9]{20,}/],
  ['a token of Atlassian', /\bATATT[\w=-]{20,}/],
  ['a token of DigitalOcean', /\bdo[opr]_v1_[a-f0-9]{40,}/],
  ['a key of Sentry', /\bsntry[su]_[\w=-]{20,}/],
  ['a JSON Web Token', /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
  ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
];

const SECRET_NAME =
  /(?:^|[^a-z])(?:api[-_]?key|access[-_]?key|private[-_]?key|secret[-_]?key|signing[-_]?key|key|token|secret|passw(?:or)?d|passphrase|pwd|pat|auth|authorization|bearer|credentials?|cookie|sig(?:nature)?)(?:$|[^a-z])/i;

/** Names whose parts are written together: `apiKey`, `GITHUBTOKEN`. */
const JOINED_NAME =
  /(?:api|access|private|secret|auth)key|token|secret|password|passwd|passphrase|credential/i;

/** Names that look like those above, and hold no secret. */
const HARMLESS_NAME = /(?:max|num|count|limit)[-_]?tokens?|token[-_]?(?:limit|count|budget)|public[-_]?key/i;

/** Whether what stands under this name is probably a secret. */
export function isSecretName(name: string): boolean {
  if (HARMLESS_NAME.test(name)) return false;
  const parted = name.replace(/([a-z\d])([A-Z])/g, '$1_$2');
  return SECRET_NAME.test(parted) || JOINED_NAME.test(name);
}

/** Whose token a text holds; undefined when it holds none of a known form. */
export function knownToken(text: string): string | undefined {
  return KNOWN_TOKENS.find(([, form]) => form.test(text))?.[0];
}

/** From how many bits a character on a text of this length is probably random. */
const RANDOM_BITS = 3.5;
const LEAST_RANDOM = 20;

/** Whether a text is as random as a key is: long, of letters and digits, and with little repetition. */
export function looksRandom(text: string): boolean {
  if (text.length < LEAST_RANDOM || !/^[\w+/=.~-]+$/.test(text)) return false;
  // Names of packages, hosts and files have parts that are words.
  if (!/\d/.test(text) || !/[a-z]/i.test(text) || /^[\w-]+(\.[\w-]+)*\.[a-z]{2,6}$/i.test(text)) return false;
  if (/^[0-9a-f-]+$/i.test(text)) return text.length >= 32;
  return bitsOf(text) >= RANDOM_BITS;
}

/** Whether the value under a name is to be taken for a secret. References to variables are none. */
export function isSecret(name: string, value: string): boolean {
  const text = value
    .replace(/\$\{[^}]*\}/g, '')
    .replace(/^(?:bearer|basic|token)\s*/i, '')
    .trim();
  if (text === '') return false;
  return knownToken(text) !== undefined || isSecretName(name) || looksRandom(text);
}

/** A secret as it may be shown: its first characters, if it is long enough to be told apart by them. */
export function masked(secret: string): string {
  return secret.length < 16 ? '…' : `${secret.slice(0, 4)}…`;
}

/** The entropy of a character of a text, in bits. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
