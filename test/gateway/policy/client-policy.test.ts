import { describe, expect, it } from 'vitest';
import {
  createGateway,
  type ClientMatch,
  type ClientRule,
  type Identity,
} from '../../../src/gateway/index.ts';
import { ClientPolicies } from '../../../src/gateway/policy/client-policy.ts';
import { spellingsOf } from '../../../src/gateway/policy/uri-spellings.ts';

const somebody: Identity = {
  principal: 'oauth:https://idp.example ada',
  key: 'ci-nightly',
  scopes: ['tools:read', 'tools:write'],
  claims: { team: 'platform', groups: ['dev', 'ops'], level: 3, admin: false },
};

describe('whom a rule is for', () => {
  const fitting: ClientMatch[] = [
    {},
    { key: 'ci-*' },
    { key: ['bot', 'ci-nightly'] },
    { principal: somebody.principal },
    { principal: ['x', somebody.principal] },
    { scope: 'tools:write' },
    { scope: ['admin', 'tools:read'] },
    { claim: { team: 'platform' } },
    { claim: { team: ['data', 'platform'], groups: 'ops', level: 3, admin: false } },
    { key: 'ci-*', scope: 'tools:read', claim: { groups: ['ops'] } },
  ];
  it.each(fitting)('%j is for somebody who has all of it', (match) => {
    expect(new ClientPolicies([{ match }]).of(somebody).allowsServer('s')).toBe(true);
  });

  const others: ClientMatch[] = [
    { key: 'ci' },
    { key: 'CI-*' },
    { principal: 'oauth:*' },
    { principal: 'ada' },
    { scope: 'tools' },
    { scope: 'tools:*' },
    { claim: { team: 'plat*' } },
    { claim: { level: '3' } },
    { claim: { admin: 'false' } },
    { claim: { toString: 'x' } },
    { claim: { constructor: true } },
    { key: 'ci-*', scope: 'admin' },
    { claim: { team: 'platform', groups: 'sales' } },
  ];
  it.each(others)('%j is not for somebody who lacks some of it', (match) => {
    expect(new ClientPolicies([{ match }]).of(somebody).allowsServer('s')).toBe(false);
  });

  it.each(fitting.slice(1))('%j is not for somebody of whom nothing is known', (match) => {
    expect(new ClientPolicies([{ match }]).of({ principal: 'local' }).allowsServer('s')).toBe(false);
  });

  it('counts if it is the first that fits, and nobody may do anything without one', () => {
    const policies = new ClientPolicies([
      { match: { key: 'ci-*' }, servers: ['a'] },
      { match: { scope: 'tools:read' }, servers: ['b'] },
    ]);
    const seen = (identity: Identity): string[] =>
      ['a', 'b'].filter((server) => policies.of(identity).allowsServer(server));
    expect(seen(somebody)).toEqual(['a']);
    expect(seen({ principal: 'x', scopes: ['tools:read'] })).toEqual(['b']);
    expect(seen({ principal: 'x' })).toEqual([]);
  });
});

describe('what a rule allows', () => {
  const tool = (server: string, name: string, annotations?: object) =>
    [
      'tools',
      `${server}__${name}`,
      { server, upstreamName: name, ...(annotations && { annotations }) },
    ] as const;
  const prompt = ['prompts', 's__ask', { server: 's', upstreamName: 'ask' }] as const;
  const resource = (uri: string) => ['resources', uri, { server: 's', upstreamName: uri }] as const;
  const template = (text: string) =>
    ['resourceTemplates', text, { server: 's', upstreamName: text }] as const;
  type Thing =
    ReturnType<typeof tool> | typeof prompt | ReturnType<typeof resource> | ReturnType<typeof template>;
  const cases: [rule: ClientRule, thing: Thing, allowed: boolean][] = [
    [{}, prompt, true],
    [{ servers: ['s'] }, prompt, true],
    [{ servers: ['s*', 'x'] }, tool('sea', 'a'), true],
    [{ servers: ['x'] }, prompt, false],
    [{ allow: [] }, prompt, false],
    [{ allow: ['s__*'] }, tool('s', 'a'), true],
    [{ allow: ['s__*'] }, prompt, true],
    [{ allow: ['s__*'] }, resource('mem://a'), false],
    [{ allow: ['s__*', { kind: 'resource' }] }, resource('mem://a'), true],
    [{ allow: [{ kind: 'resource' }] }, template('mem://{x}'), true],
    [{ allow: [{ kind: 'tool', server: 's' }] }, prompt, false],
    [{ allow: [{ readOnlyHint: true }] }, tool('s', 'a', { readOnlyHint: true }), true],
    [{ allow: [{ readOnlyHint: true }] }, tool('s', 'a'), false],
    [{ allow: [{ readOnlyHint: false }] }, prompt, false],
    [{ deny: [{ destructiveHint: true }] }, tool('s', 'a'), false],
    [{ deny: [{ destructiveHint: true }] }, tool('s', 'a', { destructiveHint: false }), true],
    [{ deny: [{ destructiveHint: true }] }, tool('s', 'a', { readOnlyHint: true }), true],
    [{ deny: [{ destructiveHint: true }] }, prompt, true],
    [{ deny: ['s__a'], allow: ['s__*'] }, tool('s', 'a'), false],
    [{ deny: [{ name: ['*delete*', '*drop*'] }] }, tool('s', 'drop_table'), false],
    [{ deny: [{ server: 's', name: '*__a' }] }, tool('t', 'a'), true],
    [{ deny: ['mem://secret/*'] }, resource('mem://public/a'), true],
    [{ allow: ['file:///pub/*'] }, resource('file:///pub/a b'), true],
    [{ allow: ['file:///pub/*'] }, resource('file:///pub/%61'), true],
    [{ allow: ['s__*'] }, tool('s', 'x'.repeat(9_000)), false],
    [{ deny: ['s__other'] }, tool('s', 'x'.repeat(9_000)), false],
  ];
  it.each(cases)('%j: %j is %s', (rule, [kind, name, origin], allowed) => {
    expect(new ClientPolicies([rule]).of(somebody).allows(kind, name, origin)).toBe(allowed);
  });

  const SPELLINGS = [
    'file:///secret/key',
    'FILE:///secret/key',
    'file:///pub/../secret/key',
    'file:///pub/%2e%2e/secret/key',
    'file:///pub/%252e%252e/secret/key',
    'file:///%73ecret/key',
    'file:///./secret/key',
    'file:///pub//../../secret/key',
    'file:///pub\\..\\secret/key',
    'file:////secret/key',
  ];
  it.each(SPELLINGS)('a URI is denied in whatever spelling: %s', (uri) => {
    const [kind, name, origin] = resource(uri);
    const of = (rule: ClientRule): boolean =>
      new ClientPolicies([rule]).of(somebody).allows(kind, name, origin);
    expect(of({ deny: ['file:///secret/*'] })).toBe(false);
    expect(of({ allow: ['file:///pub/*'] })).toBe(false);
  });

  const LOOSE: [denied: string, uri: string][] = [
    ['file:///secret', 'file:///secret#x'],
    ['file:///secret', 'file:///secret?x=1#y'],
    ['file:///secret', 'file:///secret/'],
    ['file:///secret', 'file:///pub/../secret//?'],
    ['file:///secret', 'file:///secret%23x'],
    ['db://host/secret', 'db://HOST/secret'],
    ['db://host/secret', 'db://host/secret?#'],
  ];
  it.each(LOOSE)('%s is denied as %s, too', (denied, uri) => {
    const [kind, name, origin] = resource(uri);
    const { allows } = new ClientPolicies([{ deny: [denied] }]).of(somebody);
    expect(allows(kind, name, origin)).toBe(false);
  });

  it('a query makes another resource, where not of a file', () => {
    const [kind, name, origin] = resource('search://all?q=x');
    const { allows } = new ClientPolicies([{ deny: ['search://all'] }]).of(somebody);
    expect(allows(kind, name, origin)).toBe(true);
  });

  it('leaves a server if something of it may be allowed', () => {
    const left = (rule: ClientRule): boolean => new ClientPolicies([rule]).of(somebody).allowsServer('s');
    expect(left({ deny: [{ server: 's', kind: 'tool' }] })).toBe(true);
    expect(left({ deny: [{ server: 't' }, 's__*'] })).toBe(true);
    expect(left({ allow: [{ server: 't' }, 'x'] })).toBe(true);
    expect(left({ deny: [{ server: ['t', 's'] }] })).toBe(false);
    expect(left({ deny: [{ server: '*' }] })).toBe(false);
    expect(left({ allow: [{ server: 't' }] })).toBe(false);
    expect(left({ allow: [] })).toBe(false);
  });

  it.each(['db://a?x=%', 'urn:x:y', 'mem://%zz', 'no uri at all', '', 'http://[', 'a:/..', '%E0%A4%A'])(
    'what is no usual URI has spellings, too: %j',
    (uri) => {
      expect(spellingsOf(uri)).toContain(uri);
    },
  );
});

describe('rules that cannot be used', () => {
  const bad: [unknown, RegExp][] = [
    [{ server: ['s'] }, /clients\[0\]\.server.*servers/s],
    [{ servers: [] }, /clients\[0\]\.servers/],
    [{ servers: 's' }, /clients\[0\]\.servers/],
    [{ allow: [{}] }, /clients\[0\]\.allow\[0\].*ask for something/],
    [{ allow: [{ names: 'x' }] }, /clients\[0\]\.allow\[0\]/],
    [{ deny: [{ kind: 'prompt', readOnlyHint: true }] }, /clients\[0\]\.deny\[0\]\.kind/],
    [{ deny: ['x'.repeat(3_000)] }, /clients\[0\]\.deny\[0\].*glob/],
    [{ view: 'code' }, /clients\[0\]\.view/],
    [{ match: { keys: 'x' } }, /clients\[0\]\.match\.keys/],
    [{ match: { scope: [] } }, /clients\[0\]\.match\.scope/],
    [{ match: { claim: { team: {} } } }, /clients\[0\]\.match\.claim/],
    [{ rate: { callsPerMinute: 0 } }, /clients\[0\]\.rate\.callsPerMinute/],
    [{ rate: { costs: { ['x'.repeat(3_000)]: 1 } } }, /clients\[0\]\.rate\.costs/],
    [{ match: { principal: undefined } }, /clients\[0\]\.match\.principal/],
    [{ match: { claim: { team: undefined } } }, /clients\[0\]\.match\.claim\.team/],
    [{ servers: undefined }, /clients\[0\]\.servers/],
    [{ allow: undefined }, /clients\[0\]\.allow/],
    ['everybody', /clients/],
  ];
  it.each(bad)('%j is refused, and says where', async (rule, message) => {
    await expect(createGateway({ servers: {}, clients: [rule as ClientRule] })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });
});
