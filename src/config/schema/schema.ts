import { z } from 'zod';
import { serverSpecOptions } from '../../options/tables/server.ts';
import {
  count,
  durationMs,
  flag,
  globs,
  offOr,
  oneOf,
  options,
  serverUrl,
  switchWith,
  text,
  texts,
  textsByName,
} from './schema-parts.ts';

const reconnect = offOr(
  options({
    delayMs: durationMs(
      'Upper bound of the delay before the second attempt; it doubles with each attempt. Default: 250.',
    ).exactOptional(),
    maxDelayMs: durationMs('Upper bound of any delay. Default: 30000.').exactOptional(),
    attempts: count(
      1,
      'Attempts, the first included, after which the server is given up. Default: no limit.',
    ).exactOptional(),
    resetAfterMs: durationMs(
      'How long a connection must have been up for the delays to start over. Default: 60000.',
    ).exactOptional(),
  }),
  'How a lost connection is replaced; false leaves it lost.',
);

const health = switchWith(
  options({
    intervalMs: count(1, 'Time from one check to the next, in milliseconds. Default: 30000.').exactOptional(),
    timeoutMs: durationMs('How long the answer to one check may take. Default: 5000.').exactOptional(),
    failures: count(
      1,
      'Failed checks in a row after which the connection is replaced. Default: 2.',
    ).exactOptional(),
  }),
  'Whether a silent connection is asked for a sign of life, and replaced when it gives none. Default: false.',
);

const naming = oneOf(
  ['prefixed', 'bare'],
  'How tools and prompts are named: "server__tool", or as the server names them. Default: "prefixed".',
);

/** What holds for one server, and for all when it stands under `plenum`. */
const sessionShape = {
  timeoutMs: durationMs(
    'How long a request may wait for its answer, in milliseconds. Default: 60000.',
  ).exactOptional(),
  connectTimeoutMs: durationMs(
    'How long one attempt to connect may take, in milliseconds. Default: 30000.',
  ).exactOptional(),
  protocol: oneOf(
    [
      'auto',
      'legacy',
      'modern',
      '2026-07-28',
      '2025-11-25',
      '2025-06-18',
      '2025-03-26',
      '2024-11-05',
      '2024-10-07',
    ],
    serverSpecOptions.protocol.about,
  ).exactOptional(),
  reconnect: reconnect.exactOptional(),
  health: health.exactOptional(),
  maxWaitingCalls: count(0, 'How many calls may wait for a connection. Default: 1000.').exactOptional(),
  maxInputRounds: count(
    1,
    'How many rounds of questions one call may take (2026-07-28). Default: 10.',
  ).exactOptional(),
  maxPages: count(1, 'How many pages one list may have. Default: 1000.').exactOptional(),
  naming: naming.exactOptional(),
};

const anyServerShape = {
  ...sessionShape,
  disabled: flag('Leaves the server out.').exactOptional(),
  lazy: switchWith(
    options({
      idleMs: durationMs(
        'How long it is kept without calls, in milliseconds. Default: 300000.',
      ).exactOptional(),
    }),
    'Whether the server is up only while it is used: opened by the first call that needs it, closed when it was not used for a while. Default: false.',
  ).exactOptional(),
  allow: globs(
    "Globs over the server's own names for its tools: only what one of them matches is offered.",
  ).exactOptional(),
  deny: globs(
    "Globs over the server's own names for its tools: what one of them matches is not offered. Wins over allow.",
  ).exactOptional(),
  maxMessageBytes: count(1, 'The largest message accepted, in bytes. Default: 67108864.').exactOptional(),
};

const variable = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'a string, a number, true, false or null',
});

/** A process. */
export const stdioServer = options({
  type: oneOf(['stdio'], 'The transport.').exactOptional(),
  command: text(
    'The program: a path, or a name that is looked up on PATH. One that begins with ./ or ../ is relative to the workspace folder. Never given to a shell.',
  ),
  args: texts('Arguments, passed as they are.').exactOptional(),
  env: z
    .record(z.string(), variable, { error: 'an object of strings' })
    .meta({
      description: 'Variables added to the minimal environment of the process. Secrets belong in ${VAR}.',
    })
    .exactOptional(),
  envFile: text(
    'A file of VAR=value lines, added to the environment before "env"; relative to the workspace folder.',
  ).exactOptional(),
  cwd: text('The working directory; relative to the workspace folder.').exactOptional(),
  inheritEnv: z
    .union([z.boolean(), texts('Names of variables.')], { error: 'true, false or an array of strings' })
    .meta({
      description:
        "Which of Plenum's own variables the process gets: the minimal set (false), all (true), or the minimal set and the named ones. Default: false.",
    })
    .exactOptional(),
  encoding: oneOf(
    ['utf-8', 'utf-16le', 'latin1'],
    'Text encoding of both pipes. Default: "utf-8".',
  ).exactOptional(),
  encodingErrors: oneOf(
    ['strict', 'ignore', 'replace'],
    'What to do with bytes that are not valid: report the line and drop it, leave them out, or replace them. Default: "strict".',
  ).exactOptional(),
  stderr: oneOf(
    ['capture', 'inherit', 'ignore'],
    'Where standard error goes. Default: "capture".',
  ).exactOptional(),
  closeGraceMs: durationMs(
    'At close: how long the server may take to leave after its input was closed. Default: 2000.',
  ).exactOptional(),
  terminateGraceMs: durationMs(
    'At close: how long it may take after SIGTERM, before SIGKILL. Default: 2000.',
  ).exactOptional(),
  ...anyServerShape,
});

/** The names of each transport. The first is Plenum's own; the others are those of other programs. */
const TRANSPORTS = {
  http: ['http', 'streamable-http', 'streamableHttp', 'streamable_http', 'streamable'],
  sse: ['sse'],
  websocket: ['websocket', 'ws'],
} as const;

export type UrlTransport = keyof typeof TRANSPORTS;

/** The transport for a name in a file. */
export function transportNamed(word: string | undefined): UrlTransport | undefined {
  const names: readonly UrlTransport[] = ['http', 'sse', 'websocket'];
  return names.find((name) => TRANSPORTS[name].some((spelling) => spelling === word));
}

/** The options of `oauth()` that are plain data. */
const oauth = options({
  type: z.literal('oauth', { error: '"oauth"' }),
  grant: oneOf(
    ['authorization_code', 'client_credentials'],
    'Who signs in: a person with a browser, or this program for itself. Default: "authorization_code".',
  ).exactOptional(),
  clientId: text(
    'The client as the authorization server knows it. Without it the client registers itself.',
  ).exactOptional(),
  clientSecret: text("The client's secret; write ${VAR} rather than the secret itself.").exactOptional(),
  privateKey: options({
    key: text('PEM (PKCS #8); write ${VAR} rather than the key itself.'),
    algorithm: text('A JWS algorithm such as ES256.'),
  })
    .meta({ description: 'In place of a secret: a key that signs an assertion for each token request.' })
    .exactOptional(),
  clientMetadataUrl: text("An https URL with this client's metadata.").exactOptional(),
  clientName: text('What the client is called where it registers itself. Default: "Plenum".').exactOptional(),
  issuer: text('The only authorization server to deal with, by its issuer.').exactOptional(),
  scope: text(
    'Scopes to ask for, separated by spaces, beside those that the server demands.',
  ).exactOptional(),
  account: text('Keeps the tokens of several people apart in one file.').exactOptional(),
  interactive: flag(
    'Whether a login begins when the server asks for one. Default: true, for the plenum command false.',
  ).exactOptional(),
  loginTimeoutMs: durationMs('How long a person may take to sign in. Default: 300000.').exactOptional(),
  redirectPort: count(
    0,
    'The port on 127.0.0.1 that the browser comes back to; 0 for any. Default: 0.',
  ).exactOptional(),
  allowPrivateAddresses: flag(
    'Whether a server at a public address may name authorization servers at private ones. Default: false.',
  ).exactOptional(),
  tokenFile: text(
    'Where tokens are kept; relative to the workspace folder. Default: plenum/tokens.json in the folder for your data.',
  ).exactOptional(),
});

/** Credentials, told apart by `type`. */
const auth = z
  .discriminatedUnion(
    'type',
    [
      z.object(
        {
          type: z.literal('bearer', { error: '"bearer"' }),
          token: text('The token; write ${VAR} rather than the token itself.'),
        },
        { error: 'an object with "type" and "token"' },
      ),
      oauth,
    ],
    { error: 'an object such as { "type": "bearer", "token": "${TOKEN}" }' },
  )
  .meta({ description: 'Credentials for the server.' });

/** A server behind a URL. */
export const urlServer = options({
  type: oneOf(
    [...TRANSPORTS.http, ...TRANSPORTS.sse, ...TRANSPORTS.websocket],
    'The transport. Without it: WebSocket for ws: and wss:, else Streamable HTTP, and SSE when the server answers as an old one does.',
  ).exactOptional(),
  url: serverUrl('Where the server is: http:, https:, ws: or wss:, without user name and password.'),
  headers: textsByName('Headers of every request. Secrets belong in ${VAR}.').exactOptional(),
  auth: auth.exactOptional(),
  openTimeoutMs: durationMs(
    'How long opening one connection to the host may take. Default: 30000, or 5000 for SSE.',
  ).exactOptional(),
  readTimeoutMs: durationMs(
    'How long an event stream may stay silent, before it begins or while it is open. Default: 300000.',
  ).exactOptional(),
  proxy: serverUrl(
    'The HTTP proxy to go through, http: or https:; not for WebSocket. The command line takes it from the environment.',
  ).exactOptional(),
  terminateSession: flag(
    'Whether a stateful session is ended with a DELETE at close. Default: true.',
  ).exactOptional(),
  ...anyServerShape,
});

/** What holds for all servers together. */
export const groupOptions = options({
  ...sessionShape,
  strict: flag(
    'Whether one server that is not ready in time fails the whole. Default: false.',
  ).exactOptional(),
  concurrency: options({
    processes: count(1, 'Processes. Default: 8.').exactOptional(),
    remote: count(1, 'Servers behind a URL. Default: 32.').exactOptional(),
  })
    .meta({ description: 'How many servers may be coming up at a time.' })
    .exactOptional(),
  pool: options({
    max: count(1, 'How many pooled sessions there may be in all. Default: 64.').exactOptional(),
    maxPerServer: count(1, 'How many of one server. Default: 8.').exactOptional(),
    maxWaiting: count(
      0,
      'How many callers may wait for a session of one server. Default: 1000.',
    ).exactOptional(),
    acquireTimeoutMs: durationMs('How long a caller waits for a session. Default: 30000.').exactOptional(),
    idleMs: durationMs('How long an unused session is kept. Default: 60000.').exactOptional(),
    maxAgeMs: durationMs(
      'How old a session may be when it is handed out. Default: no limit.',
    ).exactOptional(),
    checkAfterMs: durationMs(
      'A session idle for longer is asked for a sign of life first. Default: 30000.',
    ).exactOptional(),
    leasesPerSession: count(
      1,
      'How many leases may share one session of a server that speaks 2026-07-28. Default: 1.',
    ).exactOptional(),
    reportLeasesAfterMs: durationMs(
      'A lease that is held for longer is reported. Default: never.',
    ).exactOptional(),
  })
    .meta({ description: 'Sessions that a SessionManager keeps.' })
    .exactOptional(),
  retry: offOr(
    options({
      attempts: count(
        1,
        'How often something is tried, the first time included. Default: 3.',
      ).exactOptional(),
      delayMs: durationMs(
        'Upper bound of the pause before the second attempt; it doubles with each. Default: 250.',
      ).exactOptional(),
      maxDelayMs: durationMs('Upper bound of any pause. Default: 10000.').exactOptional(),
      deadlineMs: durationMs(
        'No attempt begins later than this after the first. Default: no limit.',
      ).exactOptional(),
    }),
    'How a SessionManager repeats what failed; false never does.',
  ).exactOptional(),
  circuit: offOr(
    options({
      failures: count(1, 'Failures in a row that open the circuit. Default: 5.').exactOptional(),
      openMs: durationMs(
        'How long it stays open before a probe is let through. Default: 30000.',
      ).exactOptional(),
    }),
    'When a SessionManager stops asking a server that keeps failing; false never does.',
  ).exactOptional(),
  closeTimeoutMs: durationMs(
    'How long a SessionManager waits at its close for what is under way. Default: 10000.',
  ).exactOptional(),
});

export type AuthSettings = z.output<typeof auth>;
