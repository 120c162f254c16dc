import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSameReach, reachOf } from '../../../src/trust/lock/reach.ts';

const SECRET = 'hunter2';
const RANDOM = 'q7Zk2Vx9Tn4Rb8Wm1Yc6Ld3Hs5';
const TOKEN = `ghp_${'a1B2'.repeat(9)}`;

describe('H7 how a server is reached, as a lock holds it', () => {
  it.each<[string, object]>([
    ['a header', { url: 'https://x.example', headers: { Authorization: SECRET } }],
    ['a variable', { command: 'x', env: { TOKEN: SECRET } }],
    ['an argument behind its name', { command: 'x', args: ['--password', SECRET] }],
    ['an argument with its name', { command: 'x', args: [`--api-key=${SECRET}`, `TOKEN=${SECRET}`] }],
    ['a header in an argument', { command: 'x', args: ['--header', `Authorization: Bearer ${SECRET}`] }],
    ['a password of a URL', { url: `https://ada:${SECRET}@x.example/mcp` }],
    ['a user of a URL', { url: `https://${SECRET}@x.example/mcp` }],
    ['a query', { url: `https://x.example/mcp?a=${SECRET}&b=${SECRET}` }],
    ['a query without a name', { url: `https://x.example/mcp?=${SECRET}` }],
    ['a fragment', { url: `https://x.example/mcp#${SECRET}` }],
    ['a URL in an argument', { command: 'x', args: [`https://u:${SECRET}@x.example?k=${SECRET}`] }],
    ['a default of a variable', { command: 'x', args: [`\${TOKEN:-${SECRET}}`] }],
    ['a random text', { command: 'x', args: [RANDOM] }],
    ['a random part of a path', { url: `https://x.example/${RANDOM}/mcp` }],
    ['a token of a known form', { command: 'x', args: ['-x', TOKEN] }],
    ['a URL object', { url: new URL(`https://ada:${SECRET}@x.example/mcp?k=${SECRET}`) }],
  ])('has no secret of %s', (_, spec) => {
    const text = JSON.stringify(reachOf(spec));
    for (const secret of [SECRET, RANDOM, TOKEN]) expect(text).not.toContain(secret);
  });

  it('has names of variables, headers and queries, sorted', () => {
    expect(reachOf({ command: 'x', env: { B: '1', A: '2' } }).env).toEqual(['A', 'B']);
    expect(reachOf({ url: 'https://x.example', headers: { 'X-B': '1', A: '2' } }).headers).toEqual([
      'a',
      'x-b',
    ]);
    expect(reachOf({ url: 'https://x.example/mcp?key=1&${Q}=2' }).url).toContain('?key=<hidden>');
  });

  it('differs when another random text is an argument', () => {
    const [one, other] = [
      reachOf({ command: 'x', args: [RANDOM] }),
      reachOf({ command: 'x', args: [`${RANDOM}7`] }),
    ];
    expect(isSameReach(one, other, false, '/')).toBe(false);
  });

  it.each<[string, object, object, boolean]>([
    ['a variable', { command: 'x', args: ['${A}/b'] }, { command: 'x', args: ['/home/ada/b'] }, true],
    [
      'another text around it',
      { command: 'x', args: ['${A}/b'] },
      { command: 'x', args: ['/home/ada/c'] },
      false,
    ],
    ['one argument more', { command: 'x', args: ['${A}'] }, { command: 'x', args: ['a', 'b'] }, false],
    ['a relative command', { command: './s.js' }, { command: '/p/s.js' }, true],
    ['a relative command of elsewhere', { command: './s.js' }, { command: '/q/s.js' }, false],
    ['the folder of the file', { command: 'x' }, { command: 'x', cwd: '/p' }, true],
    ['another folder', { command: 'x' }, { command: 'x', cwd: '/tmp' }, false],
    ['a host', { url: 'https://${H}/mcp' }, { url: 'https://x.example/mcp' }, true],
    ['another path', { url: 'https://${H}/mcp' }, { url: 'https://x.example/other' }, false],
    [
      'a file of variables',
      { command: 'x', envFile: '.env', env: { A: '1' } },
      { command: 'x', env: { A: '1', B: '2' } },
      true,
    ],
    ['a URL in place of a command', { command: 'x' }, { url: 'https://x.example' }, false],
  ])('fits once it is expanded: %s', (_, file, spec, fits) => {
    expect(isSameReach(reachOf(file), reachOf(spec), true, '/p')).toBe(fits);
  });

  it('is always the same as itself, and another command or argument never is', () => {
    const args = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 });
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), args, (command, given) => {
        const reach = reachOf({ command, args: given });
        expect(isSameReach(reach, reachOf({ command, args: given }), true, '/p')).toBe(true);
        expect(isSameReach(reach, reachOf({ command: `${command}x`, args: given }), false, '/p')).toBe(false);
        expect(isSameReach(reach, reachOf({ command, args: [...given, ''] }), true, '/p')).toBe(false);
      }),
    );
  });
});
