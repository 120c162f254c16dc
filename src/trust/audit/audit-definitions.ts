import { isRecord } from '../../internal/checks.ts';
import { visibleText } from '../../internal/visible-text.ts';
import { LISTS, LOCKED_KINDS, type LockContent } from '../lock/lock-content.ts';
import type { LockChange } from '../lock/lock-changes.ts';
import { lookOf } from './audit-file.ts';
import type { AuditFinding } from './finding.ts';

/** Texts that speak to the model and not about the tool, each with what they do. */
const ORDERS: readonly (readonly [what: string, form: RegExp])[] = [
  [
    'sets other instructions aside',
    /\b(?:ignore|disregard|forget|override)\b.{0,30}\b(?:previous|prior|above|earlier|other|all|system)\b.{0,20}\b(?:instructions?|prompts?|rules|guidelines|messages?)\b/is,
  ],
  [
    'hides something from the user',
    /\b(?:do not|don'?t|never|without|avoid)\b.{0,20}\b(?:tell|inform|mention|reveal|notify|show|alert|telling|informing|mentioning|notifying|showing|asking|disclose)\b.{0,25}\b(?:user|human|person|anyone|them)\b/is,
  ],
  [
    'is marked as more than a description',
    /<\s*\/?\s*(?:important|system|secret|instructions?|critical|admin|hidden)\s*>|\[(?:system|inst|important)\]|^\s*(?:system|assistant)\s*:/im,
  ],
  [
    'says what to call before or after',
    /\b(?:before|after|prior to)\b.{0,20}\b(?:using|calling|invoking|running|every|any)\b.{0,40}\b(?:must|always|first|have to|need to|required)\b|\b(?:you|assistant|model)\b.{0,10}\b(?:must|have to|should always|need to)\b.{0,20}\b(?:call|use|run|invoke|read|send|include|pass)\b/is,
  ],
  [
    'wants to be used in place of others',
    /\b(?:always|only|instead)\b.{0,15}\b(?:use|call|prefer|choose)\b.{0,10}\bthis tool\b|\b(?:do not|don'?t|never) (?:use|call) (?:any )?other tools?\b/is,
  ],
  [
    'sends something elsewhere',
    /\b(?:send|forward|upload|post|bcc|exfiltrate|transmit|copy)\b.{0,60}\b(?:to|at)\b.{0,10}(?:https?:\/\/|[\w.-]{1,40}@[\w-]{1,40}\.)/is,
  ],
  [
    'asks for files with secrets',
    /(?:~|\$HOME|\/home\/\w{1,30}|\/root)?\/?\.(?:ssh|aws|gnupg|kube|netrc|cursor|claude)\b|\bid_(?:rsa|ed25519)\b|\b(?:system prompt|conversation history|chat history)\b/i,
  ],
];

/** How much of one text is looked at, in characters. */
const MAX_TEXT = 50_000;
/** How deep a definition is looked into. */
const MAX_DEPTH = 100;

/** How the names of a server's tools are exposed, and whether a tool of it is. */
export interface ExposedServer {
  readonly isBare: boolean;
  readonly offersTool: (name: string) => boolean;
}

/** Looks at what servers offer. */
export function auditDefinitions(
  content: LockContent,
  exposed: (server: string) => ExposedServer,
): AuditFinding[] {
  return [
    ...[...content].flatMap(([server, locked]) => [
      ...auditTexts(server, 'instructions', locked.instructions?.text ?? ''),
      ...LOCKED_KINDS.flatMap((kind) =>
        [...locked[LISTS[kind]]].flatMap(([name, { definition }]) =>
          auditTexts(server, `${kind} ${name}`, definition),
        ),
      ),
      ...destructiveTools(server, locked.tools, exposed(server)),
    ]),
    ...shadowedTools(content, exposed),
  ];
}

function auditTexts(server: string, where: string, value: unknown): AuditFinding[] {
  const texts = textsOf(value);
  const hidden = new Set(texts.flatMap(hiddenIn));
  const orders = ORDERS.filter(([, form]) => texts.some((text) => form.test(text)));
  return [
    ...(hidden.size > 0
      ? [
          {
            server,
            level: 'warning' as const,
            code: 'hidden-characters' as const,
            where,
            message: `It has characters that nobody sees and a model reads: ${[...hidden].slice(0, 5).join(', ')}.`,
          },
        ]
      : []),
    ...orders.map(([what]) => ({
      server,
      level: 'hint' as const,
      code: 'orders-to-model' as const,
      where,
      message: `Its text may give orders to a model: it ${what}. Read it.`,
    })),
  ];
}

function textsOf(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value.slice(0, MAX_TEXT)];
  if (typeof value !== 'object' || value === null || depth >= MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([key, each]: [string, unknown]) => [
    ...(Array.isArray(value) ? [] : [key]),
    ...textsOf(each, depth + 1),
  ]);
}

/** The characters of a text that nobody sees, by their code points. */
function hiddenIn(text: string): string[] {
  const visible = visibleText(text);
  if (visible === text) return [];
  const left = new Set(visible);
  const missing = Array.from(text).filter((char) => !left.has(char) && /[\p{C}\p{M}\p{Z}\p{Lo}]/u.test(char));
  const codes = missing.map(
    (char) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  return codes.length > 0 ? codes : ['joiners where nothing is joined'];
}

function destructiveTools(
  server: string,
  tools: LockContent extends ReadonlyMap<string, infer Server extends { tools: unknown }>
    ? Server['tools']
    : never,
  { offersTool }: ExposedServer,
): AuditFinding[] {
  return [...tools].flatMap(([name, { definition }]) => {
    const { annotations } = definition;
    const isDestructive = isRecord(annotations) && annotations['destructiveHint'] === true;
    if (!isDestructive || annotations['readOnlyHint'] === true || !offersTool(name)) return [];
    return [
      {
        server,
        level: 'hint' as const,
        code: 'destructive-tool' as const,
        where: `tool ${name}`,
        message:
          'It says that it may destroy something. Name it in "deny" of this server, or have a person approve its calls: ' +
          'in a gateway by "approve" of gateway.clients, in a program by withPolicy of mcp-plenum/toolkit.',
      },
    ];
  });
}

/** Tools of two servers whose names are the same, or look the same. */
function shadowedTools(content: LockContent, exposed: (server: string) => ExposedServer): AuditFinding[] {
  const first = new Map<string, { readonly server: string; readonly name: string }>();
  return [...content].flatMap(([server, { tools }]) =>
    [...tools.keys()].flatMap((name) => {
      const { isBare, offersTool } = exposed(server);
      if (!offersTool(name)) return [];
      const key = lookOf(name);
      const other = first.get(key);
      if (other === undefined) first.set(key, { server, name });
      if (other === undefined || other.server === server) return [];
      const isTaken = isBare || exposed(other.server).isBare;
      return [
        {
          server,
          level: isTaken ? ('warning' as const) : ('hint' as const),
          code: 'shadowed-name' as const,
          where: `tool ${name}`,
          message: `Server "${other.server}" has a tool ${other.name === name ? 'of this name' : `"${other.name}", which looks the same`}: a model may take one for the other.`,
        },
      ];
    }),
  );
}

/** What differs from the lock. */
export function driftFindings(changes: readonly LockChange[]): AuditFinding[] {
  return changes
    .filter(({ change }) => change !== 'removed')
    .map(({ server, kind, name, change }) =>
      kind === 'server' && change === 'added'
        ? {
            server,
            level: 'hint',
            code: 'not-in-lock',
            where: 'name',
            message: 'It is not in the lock: nothing of it is checked. See: plenum lock accept',
          }
        : {
            server,
            level: 'warning',
            code: 'drift',
            where: kind === 'server' || kind === 'instructions' ? kind : `${kind} ${name}`,
            message: `It ${change === 'added' ? 'is not in the lock' : 'differs from the lock'}. See: plenum lock diff`,
          },
    );
}
