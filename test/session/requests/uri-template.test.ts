import { UriTemplate } from '@modelcontextprotocol/client';
import { describe, expect, it } from 'vitest';
import { compileUriTemplate } from '../../../src/session/requests/uri-template.ts';

const uris = [
  'file:///a/b.txt',
  'file:///a',
  'file:///',
  'users://42',
  'users://42/posts/7',
  'users://42,43',
  'search://x?q=1',
  'search://x?q=1&page=2',
  'search://x?q=',
  'a.json',
  'tree/a/b',
  'x#part',
  'users://',
  '',
];

describe('G12 a URI template', () => {
  it.each([
    'file:///{name}',
    'file:///{+path}',
    'users://{id}',
    'users://{id}/posts/{post}',
    'users://{ids*}',
    'search://x{?q}',
    'search://x{?q,page}',
    '{name}{.ext}',
    'tree{/a}{/b}',
    'x{#part}',
    'plain',
    'file:///a/b.txt',
  ])('%s matches what the official client says it matches', (template) => {
    const official = new UriTemplate(template);
    const matches = compileUriTemplate(template);
    for (const uri of uris) expect([uri, matches(uri)]).toEqual([uri, official.match(uri) !== null]);
  });

  it('of several names wants a value for each (RFC 6570, 3.2.2)', () => {
    const matches = compileUriTemplate('users://{a,b}');
    expect(matches('users://42,43')).toBe(true);
    expect(matches('users://42')).toBe(false);
  });

  it('that is broken matches nothing', () => {
    expect(compileUriTemplate('file:///{name')('file:///x')).toBe(false);
  });

  it('made to take for ever as a regular expression does not', () => {
    const matches = compileUriTemplate(`${'{a}'.repeat(30)}!`);
    expect(matches('x'.repeat(20_000))).toBe(false);
    expect(matches(`${'x'.repeat(20_000)}!`)).toBe(true);
  });
});
