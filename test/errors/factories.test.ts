import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findInlineErrors } from '../package/boundary-rules.ts';
import * as auth from '../../src/errors/auth.ts';
import type { HttpAnswer } from '../../src/errors/http-answer.ts';
import * as call from '../../src/errors/call.ts';
import * as catalog from '../../src/errors/catalog.ts';
import * as cluster from '../../src/errors/cluster.ts';
import * as config from '../../src/errors/config.ts';
import * as connect from '../../src/errors/connect.ts';
import * as gateway from '../../src/errors/gateway.ts';
import * as lock from '../../src/errors/lock.ts';
import * as options from '../../src/errors/options.ts';
import { PlenumError } from '../../src/errors/plenum-error.ts';
import * as pool from '../../src/errors/pool.ts';
import { ERROR_REGISTRY, PLENUM_ERROR_CODES } from '../../src/errors/registry.ts';
import * as sessionEnd from '../../src/errors/session-end.ts';
import * as testing from '../../src/errors/testing.ts';
import * as toolkit from '../../src/errors/toolkit.ts';
import * as transport from '../../src/errors/transport.ts';

const SECRET = 's3cr3t-v4lue';
const THEMES = {
  auth,
  call,
  catalog,
  cluster,
  config,
  connect,
  gateway,
  lock,
  options,
  pool,
  sessionEnd,
  testing,
  toolkit,
  transport,
};

const request = { doing: 'Calling tool "t" on server "s"', server: 's' };
const thrown = new Error('boom');
const ours = new PlenumError('CONNECTION_LOST', 'It is gone.', {
  maybeExecuted: true,
  advice: [{ do: 'check', options: ['auth'] }],
  detail: 'The end:\nx',
});
const target = { server: new URL('https://x.example/mcp'), issuer: 'https://auth.example' };
const problem = { file: 'f.json', line: 1, column: 1, path: 'a', message: 'm', server: 's' };
const unready = { server: 's', state: 'connecting', error: ours, expected: true } as const;
const collision = { kind: 'tools', key: 'k', owner: 'o', newcomer: 's' } as const;

/** One error of each factory. */
const HTTP_ANSWERS: readonly HttpAnswer[] = [
  { status: 500, excerpt: '', maybeExecuted: true },
  { status: 429, excerpt: 'Slow down', retryAfterMs: 2_000, maybeExecuted: false },
  {
    status: 400,
    excerpt: '',
    fault: { code: -32_600, message: 'Bad', data: { a: 1 } },
    maybeExecuted: false,
  },
];

const SAMPLES: {
  readonly [Theme in keyof typeof THEMES]: Record<string, PlenumError | readonly PlenumError[]>;
} = {
  auth: {
    authRequired: auth.authRequired('login_required', target, 'a person has to sign in.'),
    otherIssuer: auth.otherIssuer(target.server, 'https://a.example', 'https://b.example'),
    otherServerAnswered: [
      auth.otherServerAnswered(target),
      auth.otherServerAnswered({ server: target.server }),
    ],
    unwantedIssuer: auth.unwantedIssuer({ ...target, issuer: 'https://a.example' }, 'https://b.example'),
    otherResource: auth.otherResource({ ...target, resource: 'https://b.example/mcp' }),
    answerUnusable: [
      auth.answerUnusable(target, ['access_token']),
      auth.answerUnusable(target, ['issuer', 'token_endpoint']),
    ],
    pkceMissing: [auth.pkceMissing(target, undefined), auth.pkceMissing(target, ['plain'])],
    authServerUnreachable: auth.authServerUnreachable(target.server, 'it is down'),
    bearerRefused: auth.bearerRefused(),
    bearerFunctionFailed: auth.bearerFunctionFailed(new Error(SECRET)),
    bearerNotGiven: auth.bearerNotGiven(),
    tokenNotSendable: auth.tokenNotSendable('s'),
    resourceNotSaid: auth.resourceNotSaid(),
    loopbackNotOpened: auth.loopbackNotOpened(1, '127.0.0.1', 'taken'),
    addressRefused: auth.addressRefused(
      new URL(`https://user:${SECRET}@x.example/?k=${SECRET}`),
      'it is not https',
    ),
    oauthOptionInvalid: auth.oauthOptionInvalid('Option "issuer" must be a URL'),
    signedOut: auth.signedOut(),
  },
  call: {
    interceptedCallEnded: call.interceptedCallEnded('ABORTED', { tool: 't', server: 's' }, 'it ended', {}),
    timedOut: [call.timedOut(request, 5, 'timeoutMs'), call.timedOut(request, undefined, 'timeoutMs')],
    lostDuringCall: call.lostDuringCall(request, 'closed the connection', true, thrown),
    duringCall: call.duringCall(request, ours, true),
    notSent: call.notSent('s', ours),
    notConnectedInTime: call.notConnectedInTime(request, 5, ours),
    tooManyWaiting: call.tooManyWaiting(request, 5, thrown),
    notConnected: call.notConnected('s', 'is not connected'),
    gaveUp: call.gaveUp('s', ours),
    connectionEnded: [
      call.connectionEnded('s', 'closed the connection'),
      call.connectionEnded('s', 'forgot the session', { expired: true }),
    ],
    serverError: call.serverError(request, { code: -1, message: 'm', data: { a: 1 } }, '', thrown),
    httpError: HTTP_ANSWERS.map((answer) => call.httpError(request, answer, thrown)),
    requestFailed: call.requestFailed(request, thrown),
    requestFailure: call.requestFailure(request, thrown),
    handlerFailed: call.handlerFailed('The handler "onLog" failed', 's', thrown),
    updatesNotOffered: call.updatesNotOffered('s', 'r:1'),
    urlsToVisit: call.urlsToVisit(
      request,
      [{ elicitationId: '1', message: 'm', url: 'https://x.example' }],
      Object.assign(new Error('Visit this first'), { code: -32_042 }),
    ),
    serverRequestsRefused: call.serverRequestsRefused('s', 'asks too much'),
    tooManyInputRequests: call.tooManyInputRequests(500, 110),
    oddAnswer: call.oddAnswer('files', 'its answer to tools/list: null.', {
      oddity: 'null-member',
      places: [],
    }),
    invalidResult: call.invalidResult('The answer is not one.'),
    tooManyPages: call.tooManyPages(request, '5', thrown),
    argumentsNotAnObject: call.argumentsNotAnObject('t', 'a Map'),
    notJson: call.notJson(thrown),
    credentialsRefused: [
      call.credentialsRefused(request, thrown),
      ...HTTP_ANSWERS.map((answer) => call.credentialsRefused(request, thrown, answer)),
    ],
  },
  catalog: {
    unknownName: (['tool', 'prompt', 'server', 'tool, resource or prompt'] as const).map((noun) =>
      catalog.unknownName(noun, 'read', ['reed', 'x']),
    ),
    unknownEntry: [
      catalog.unknownEntry('tool', 's__x', ['read'], [unready]),
      catalog.unknownEntry('prompt', 'x', [], [{ ...unready, state: 'failed', expected: false }]),
    ],
    unknownResource: catalog.unknownResource(
      'r:1',
      ['r:2'],
      [{ server: 's', state: 'idle', expected: false }],
    ),
    entryNotHere: catalog.entryNotHere('tool', { server: 's', upstreamName: 'x' }, true),
    templateToRead: catalog.templateToRead('r:{id}'),
    ambiguousResource: catalog.ambiguousResource('r:1', ['a', 'b']),
    namesTaken: catalog.namesTaken([collision], 's'),
    addingFailure: catalog.addingFailure('s', thrown),
    serverNameTaken: catalog.serverNameTaken('s'),
    catalogCacheUnusable: catalog.catalogCacheUnusable('The catalog cache is no cache.'),
    catalogCacheRefused: catalog.catalogCacheRefused('/tmp/x.json', 'is a link'),
    catalogCacheSilent: catalog.catalogCacheSilent(5),
    noNameGiven: catalog.noNameGiven('tool "t" of server "s"', 's'),
    namingThrew: catalog.namingThrew('tool "t" of server "s"', 's', thrown),
    foreignSession: catalog.foreignSession('s'),
  },
  config: {
    configProblems: config.configProblems([problem], ({ message }) => message),
    configUnreadable: config.configUnreadable('f.json', 'it is a folder', thrown),
    configFailure: config.configFailure('Writing f.json', thrown),
    configNotFound: config.configNotFound(['a.json'], ['/'], ['/home']),
    consentMissing: config.consentMissing('f.json', 'new'),
    trustFileUnusable: config.trustFileUnusable('t.json', 'is damaged'),
    configForeign: config.configForeign('f.json'),
    serverNameUnusable: config.serverNameUnusable('a/b'),
    inputUnusable: config.inputUnusable('Asking for the input "x"', 'is none of its options'),
    inputNotGiven: config.inputNotGiven('x'),
    tokenFileUnusable: config.tokenFileUnusable('t.json', 'is not JSON'),
    tokenFileLocked: config.tokenFileLocked('t.json', thrown),
  },
  connect: {
    connectFailed: connect.connectFailed('s', 'it is not there.'),
    connectFailure: connect.connectFailure('s', thrown),
    serversFailed: connect.serversFailed([ours], 2),
    lostWhileListing: connect.lostWhileListing('s'),
    handshakeTimedOut: connect.handshakeTimedOut('s', 5, { stdout: 'half', stderr: 'x' }),
    echoed: connect.echoed('s', thrown),
    versionNotSpoken: connect.versionNotSpoken('s', '1999-01-01', ['2025-11-25', '2026-07-28'], thrown),
    versionNotAllowed: connect.versionNotAllowed('s', '2025-11-25', '2026-07-28', thrown),
    endedWhileConnecting: [
      connect.endedWhileConnecting('s', { what: 'exited with code 1', stderr: 'x' }, thrown),
      connect.endedWhileConnecting('s', { what: 'closed the connection', error: ours }, thrown),
    ],
    asConnectFailed: connect.asConnectFailed('s', ours, { status: 503 }),
    notReadyInTime: connect.notReadyInTime([{ server: 's', error: ours }], 5),
    notReadyYet: connect.notReadyYet('s'),
    clientNotConnected: connect.clientNotConnected(),
    notALease: connect.notALease('s'),
    leaseNotReady: connect.leaseNotReady('s', 'closed', thrown),
    leaseTooLate: connect.leaseTooLate('s', 5),
  },
  cluster: {
    clusterOptionUnusable: cluster.clusterOptionUnusable('secrets', 'has a secret twice'),
    redisNotInstalled: cluster.redisNotInstalled(thrown),
    redisUnreachable: cluster.redisUnreachable('localhost:6379', 'nobody listens there'),
    redisLost: cluster.redisLost('localhost:6379', 'the connection was cut'),
    redisNotAnswering: cluster.redisNotAnswering(true),
    redisRefused: cluster.redisRefused('NOPERM'),
    nodeIdTaken: cluster.nodeIdTaken('a'),
    clusterIsForeign: cluster.clusterIsForeign('plenum'),
    nodeSilent: cluster.nodeSilent('a', 2_000),
    nodeGone: cluster.nodeGone('a', true),
    callGivenUp: cluster.callGivenUp(),
    tooLongForNodes: cluster.tooLongForNodes(),
    serverTaken: cluster.serverTaken('s'),
  },
  gateway: {
    gatewayConstructed: gateway.gatewayConstructed(),
    policyMatchesNothing: [
      gateway.policyMatchesNothing('clients.bob.tools', 'flies__*', 'entry', ['files__read']),
      gateway.policyMatchesNothing('clients.bob.servers', 'x', 'server', []),
    ],
    gatewayWithout: gateway.gatewayWithout(),
    gatewayWithTooMany: gateway.gatewayWithTooMany(),
    gatewayLockOfGroup: gateway.gatewayLockOfGroup(),
    gatewayOnAddress: gateway.gatewayOnAddress('0.0.0.0'),
    gatewayNeedsHosts: gateway.gatewayNeedsHosts(),
    gatewayCannotListen: [
      gateway.gatewayCannotListen('127.0.0.1', 80, Object.assign(new Error('x'), { code: 'EADDRINUSE' })),
      gateway.gatewayCannotListen('1.2.3.4', 80, Object.assign(new Error('x'), { code: 'EADDRNOTAVAIL' })),
      gateway.gatewayCannotListen('127.0.0.1', 80, thrown),
    ],
    gatewayListens: gateway.gatewayListens(),
    gatewayClosed: gateway.gatewayClosed('Listening'),
    clientCannot: gateway.clientCannot('Asking for roots', 'the client has none.'),
    noUpstreamFree: gateway.noUpstreamFree('s'),
    upstreamStateLost: gateway.upstreamStateLost('s'),
    callNotAnswered: gateway.callNotAnswered('s', 5),
    gatewayServerIsOne: gateway.gatewayServerIsOne('client'),
    gatewayOfGroup: gateway.gatewayOfGroup(),
    gatewayTlsUnusable: gateway.gatewayTlsUnusable(new Error('key values mismatch')),
    gatewayTlsFile: [
      gateway.gatewayTlsFile('key', Object.assign(new Error(SECRET), { code: 'ENOENT' })),
      gateway.gatewayTlsFile('cert', thrown),
    ],
    gatewayAuthEmpty: gateway.gatewayAuthEmpty(),
    gatewayIssuersTooMany: [0, 2].map((count) => gateway.gatewayIssuersTooMany(count)),
    gatewayNeedsResource: gateway.gatewayNeedsResource(
      'The gateway listens on a port that the system chooses',
    ),
    keyFileUnusable: gateway.keyFileUnusable('/keys.json', 'is a link'),
    keyFileMissing: gateway.keyFileMissing('/keys.json'),
    keyFileLocked: gateway.keyFileLocked('/keys.json', new Error('EACCES')),
    keyFileUnread: [gateway.keyFileUnread(ours), gateway.keyFileUnread(new Error('EIO: i/o error'))],
    apiKeysUnusable: gateway.apiKeysUnusable('has two keys named "ci"'),
    apiKeyNameUnusable: gateway.apiKeyNameUnusable(),
    apiKeyNameTaken: gateway.apiKeyNameTaken('ci'),
    issuerUnusable: gateway.issuerUnusable('https://id.example.com', 'it answered HTTP 500', thrown),
    gatewayCannotForward: gateway.gatewayCannotForward('must have an http URL'),
    gatewayCannotSignInUsers: [
      gateway.gatewayCannotSignInUsers('shared'),
      gateway.gatewayCannotSignInUsers('no-url'),
    ],
    signInOfListing: gateway.signInOfListing(),
    signInAbandoned: gateway.signInAbandoned('code'),
    auditUnclear: gateway.auditUnclear(),
    auditFileUnusable: gateway.auditFileUnusable('/audit.jsonl', 'its folder is not there'),
    auditFailing: [
      gateway.auditFailing(thrown),
      gateway.auditFailing(Object.assign(new Error('x'), { code: 'ENOSPC' })),
    ],
  },
  lock: {
    shownNoMore: lock.shownNoMore('sha256-abc'),
    definitionDrifted: (['tool', 'instructions', 'server'] as const).map((kind) =>
      lock.definitionDrifted('s', { kind, name: 'n', change: 'changed' }),
    ),
    reachDrifted: lock.reachDrifted('s'),
    notListed: lock.notListed('s', 'prompt', 'n'),
    notCheckable: lock.notCheckable('s'),
    lockUnusable: lock.lockUnusable('/plenum.lock.json', 'is a link', 's'),
    lockBusy: lock.lockBusy('/plenum.lock.json', thrown),
    serverNotLocked: lock.serverNotLocked('/plenum.lock.json', 's'),
  },
  options: {
    invalidOption: options.invalidOption('url', 'must be a URL'),
    globUnmatched: options.globUnmatched('s', 'deny[0]', 'red_*', ['read_file']),
    optionConflict: options.optionConflict('proxy', 'fetch', 'which sends by itself'),
    inServer: options.inServer('s', ours),
    notAdoptable: options.notAdoptable('s'),
    notASpec: options.notASpec(),
    cannotSignIn: options.cannotSignIn('s'),
    unusableServer: options.unusableServer('A server is given as a spec.', 's'),
    handlerMissing: options.handlerMissing('roots', 'onRoots'),
    optionsInvalid: options.optionsInvalid('Option "url" must be a URL, not null.', 'url'),
    callOptionsInvalid: options.callOptionsInvalid(
      request.doing,
      'Option "timeoutMs" must be a number.',
      's',
    ),
  },
  pool: {
    poolQueueFull: pool.poolQueueFull('s', 5),
    noneFree: pool.noneFree('s', 5, { leased: 1, waiting: 2 }),
    notOpenedInTime: pool.notOpenedInTime('s', 5),
    circuitOpen: [pool.circuitOpen('s', 12, 5), pool.circuitOpen('s', undefined, undefined)],
    notDoneInTime: pool.notDoneInTime('A run', 5, {}),
    specFailure: pool.specFailure('s', thrown),
    notAServerName: pool.notAServerName('A server', null),
  },
  sessionEnd: {
    closed: [sessionEnd.closed('group'), sessionEnd.closed('group', 'Adding server "s"', { server: 's' })],
    closeFailure: sessionEnd.closeFailure('s', thrown),
    removedMeanwhile: sessionEnd.removedMeanwhile('s'),
    leaseEnded: sessionEnd.leaseEnded('Calling tool "t"', 's', { maybeExecuted: false }),
    aborted: sessionEnd.aborted('Connecting the group', { cause: thrown }),
    sessionClosed: sessionEnd.sessionClosed('Using the session', { server: 's' }),
  },
  testing: {
    badTestInput: testing.badTestInput('This is no server script', 'it is null'),
    scriptTooLong: testing.scriptTooLong(2, 1),
    scriptedServerNotBuilt: testing.scriptedServerNotBuilt('f.js'),
    scriptedServerExited: testing.scriptedServerExited('code 1', 'x'),
    scriptedServerClosed: testing.scriptedServerClosed(),
    scriptedServerNotRunning: testing.scriptedServerNotRunning(),
    portNotOpened: testing.portNotOpened(1, thrown),
  },
  toolkit: {
    toolNotCalled: toolkit.toolNotCalled('t', 'its arguments do not fit.', {
      problems: [{ path: '', problem: 'x' }],
    }),
    argumentInvalid: toolkit.argumentInvalid('limit', 'must be a number'),
    approveThrew: toolkit.approveThrew('tool "t"', 's', thrown),
    approveUnclear: toolkit.approveUnclear('tool "t"', 's'),
    notTaken: toolkit.notTaken('Tools must come from a group.'),
    notSaved: toolkit.notSaved('/downloads', thrown),
    folderReplaced: toolkit.folderReplaced('/downloads'),
    nameLeadsOut: toolkit.nameLeadsOut(),
  },
  transport: {
    transportUsedUp: transport.transportUsedUp('s'),
    transportNotStarted: transport.transportNotStarted('s'),
    sendFailed: transport.sendFailed('s', 'Sending to server "s"', 'it is gone', { maybeExecuted: false }),
    answerLost: transport.answerLost('s', 'does not resume the request'),
    sessionForgotten: transport.sessionForgotten('s', 'does not know this session any more (HTTP 404)'),
    messageTooLarge: transport.messageTooLarge('s', 5),
    lineTooLong: transport.lineTooLong('s', 'wrote a line longer than 5 bytes'),
    batchTooLarge: transport.batchTooLarge('s', 5),
    streamSilent: transport.streamSilent('s', 5),
    notAMessage: transport.notAMessage('s', 'sent a frame that is none', thrown),
    lineSkipped: transport.lineSkipped('s', 'a line that is not JSON', 'hello'),
    responseEmpty: transport.responseEmpty('s', 'https://x.example'),
    requestNotDelivered: transport.requestNotDelivered('s', 'POST to https://x.example', {
      why: 'nothing listens there',
      hint: 'Is the server running?',
      maybeExecuted: false,
      cause: thrown,
    }),
    redirectRefused: transport.redirectRefused('s', 'POST to https://x.example', 302, 'to another origin.'),
    headersFunctionFailed: transport.headersFunctionFailed('s', thrown),
    headerNotSendable: transport.headerNotSendable('s', 'X-A'),
    streamRefused: HTTP_ANSWERS.flatMap((answer) =>
      [401, 404].map((status) => transport.streamRefused('s', 'Opening', { ...answer, status }, thrown)),
    ),
    noEndpointEvent: transport.noEndpointEvent('s', 'Opening', 5),
    openFailed: transport.openFailed('CONNECT_FAILED', 's', 'Opening', 'it failed.'),
    notSerializable: transport.notSerializable('s', 'Sending to server "s"', thrown),
    neitherHttpNorSse: HTTP_ANSWERS.map((answer) => transport.neitherHttpNorSse('s', answer, thrown)),
    spawnFailed: transport.spawnFailed('s', 'node', {
      cwd: undefined,
      code: 'ENOENT',
      hint: 'Is it installed?',
    }),
    processNotEnded: transport.processNotEnded('s', 5),
  },
};

const all = Object.values(SAMPLES).flatMap((theme) =>
  Object.entries(theme).flatMap(([name, made]) => [made].flat().map((error) => [name, error] as const)),
);

describe('the factories of errors', () => {
  it.each(Object.keys(THEMES) as (keyof typeof THEMES)[])('each of %s has a sample here', (theme) => {
    const factories = Object.entries(THEMES[theme]).flatMap(([name, value]) =>
      typeof value === 'function' ? [name] : [],
    );
    expect(Object.keys(SAMPLES[theme]).toSorted()).toEqual(factories.toSorted());
  });

  it('make each code', () => {
    expect(new Set(all.map(([, { code }]) => code))).toEqual(new Set(PLENUM_ERROR_CODES));
  });

  it.each(all)('%s says what happened, in a sentence, and shows no secret', (_, error) => {
    expect(error).toBeInstanceOf(PlenumError);
    expect(error.summary).toMatch(/[.:?)"]$|[a-z]$/);
    expect(error.message).not.toMatch(/undefined|\[object|\.\.|\S {2}/);
    expect(error.message).not.toContain(SECRET);
    expect(JSON.stringify(error)).not.toContain(SECRET);
  });

  it.each(all)('%s carries the details and fields of its code', (_, error) => {
    const { data, fields } = ERROR_REGISTRY[error.code];
    if (error.code !== 'PROTOCOL')
      for (const key of Object.keys(error.data ?? {})) expect(Object.keys(data)).toContain(key);
    const { name: __, code: ___, message: ____, data: _____, advice: ______, ...facts } = error.toJSON();
    const always = ['server', 'maybeExecuted', 'attempts'];
    for (const key of Object.keys(facts)) expect([...always, ...fields]).toContain(key);
  });
});

describe('the page about errors', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/errors.md'), 'utf8');

  it('has a row for each code, with its meaning, situation, remedy and details', () => {
    const rows = page.split('\n').filter((line) => /^\| `[A-Z_]+`/.test(line));
    const cells = rows.map((row) =>
      row
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim())
        .slice(1, -1),
    );
    const expected = PLENUM_ERROR_CODES.map((code) => {
      const { meaning, when, remedy, data, fields } = ERROR_REGISTRY[code];
      const details = Object.entries<string>(data).map(([key, words]) => `\`data.${key}\`: ${words}`);
      const others = fields.map((field) => `\`${field}\``).join(', ');
      return [
        `\`${code}\``,
        `${meaning} ${upper(when)}.`,
        `${upper(remedy)}.`,
        [...details, others].filter(Boolean).join('; '),
      ];
    });
    expect(cells).toEqual(expected);
  });
});

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

describe('the room of errors', () => {
  const root = resolve(import.meta.dirname, '../../src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(root, path), 'utf8') }));

  it('is the only one that makes errors', () => {
    expect(findInlineErrors(files)).toEqual([]);
  });

  it('is left by a file elsewhere that makes one', () => {
    const text = "throw new PlenumError('TIMEOUT', 'late')";
    expect(findInlineErrors([{ path: 'errors/call.ts', text }])).toEqual([]);
    expect(findInlineErrors([{ path: 'group/a.ts', text }])).toHaveLength(1);
    expect(findInlineErrors([{ path: 'group/a.ts', text: 'error instanceof PlenumError' }])).toEqual([]);
  });

  it('has no theme without a sample', () => {
    const makers = files
      .filter(({ path, text }) => path.startsWith('errors/') && /\bnew PlenumError\(/.test(text))
      .map(({ path }) => path.slice('errors/'.length));
    const known = ['plenum-error.ts', ...Object.keys(THEMES).map(fileOf)];
    expect(makers.filter((file) => !known.includes(file))).toEqual([]);
  });
});

function fileOf(theme: string): string {
  return theme === 'sessionEnd' ? 'session-end.ts' : `${theme}.ts`;
}
