import { describe, expect, it } from 'vitest';
import { fingerprintOf } from '../../../src/group/cache/fingerprint.ts';

const BASE = { command: 'node', args: ['a', 'b'], env: { A: '1', B: '2' }, inheritEnv: ['C'] };
const of = (spec: object, server = 's', capabilities: object = {}): string =>
  fingerprintOf(server, spec, capabilities);

describe('a fingerprint of a spec', () => {
  it('is a SHA-256, the same whatever the order of the fields', () => {
    expect(of(BASE)).toMatch(/^[0-9a-f]{64}$/);
    const { env, ...rest } = BASE;
    expect(of({ env: { B: env.B, A: env.A }, ...rest })).toBe(of(BASE));
    expect(of({ ...BASE, cwd: undefined })).toBe(of(BASE));
    expect(of({ url: new URL('http://x/') })).toBe(of({ url: 'http://x/' }));
  });

  it.each<[string, object]>([
    ['another program', { ...BASE, command: 'deno' }],
    ['arguments in another order', { ...BASE, args: ['b', 'a'] }],
    ['arguments joined', { ...BASE, args: ['a","b'] }],
    ['another value in the environment', { ...BASE, env: { A: '1', B: '3' } }],
    ['a variable more', { ...BASE, env: { ...BASE.env, C: '' } }],
    ['a folder', { ...BASE, cwd: '/' }],
    ['all variables inherited', { ...BASE, inheritEnv: true }],
    ['another era', { ...BASE, protocol: 'legacy' }],
    ['a field to come', { ...BASE, sandbox: true }],
    ['headers', { url: 'http://x/', headers: { authorization: 'a' } }],
    ['other headers', { url: 'http://x/', headers: { authorization: 'b' } }],
  ])('differs with %s', (_, spec) => {
    expect(of(spec)).not.toBe(of(BASE));
    expect(of(spec)).not.toBe(of({ url: 'http://x/' }));
  });

  it('tells headers apart', () => {
    const withToken = (token: string) => of({ url: 'http://x/', headers: { authorization: token } });
    expect(withToken('a')).not.toBe(withToken('b'));
  });

  it('differs with what is declared to the server', () => {
    expect(of(BASE, 's', { sampling: {} })).not.toBe(of(BASE));
  });

  it.each([
    { timeoutMs: 1 },
    { lazy: { idleMs: 5 } },
    { naming: 'bare' },
    { allow: ['x'] },
    { deny: ['x'] },
    { reconnect: false },
    { stderr: 'ignore' },
  ])('is the same with %o', (options) => {
    expect(of({ ...BASE, ...options })).toBe(of(BASE));
  });

  it('knows what is no data by the name of the server', () => {
    for (const make of [
      () => () => 1,
      () => new URLSearchParams(),
      () => new Map(),
      () => Symbol('x'),
      () => 1n,
    ]) {
      expect(of({ url: 'http://x/', auth: make() })).toBe(of({ url: 'http://x/', auth: make() }));
      expect(of({ url: 'http://x/', auth: make() }, 't')).not.toBe(of({ url: 'http://x/', auth: make() }));
    }
  });

  it('survives a spec that contains itself', () => {
    const spec: Record<string, unknown> = { command: 'node' };
    spec['self'] = spec;
    expect(of(spec)).toMatch(/^[0-9a-f]{64}$/);
  });
});
