import { describe, expect, it } from 'vitest';
import { compileUriTemplate } from '../../../src/session/requests/uri-template.ts';
import { fillableTemplate } from '../../../src/toolkit/resources/uri-template.ts';

function filled(template: string, values: Record<string, string>): string | undefined {
  return fillableTemplate(template)?.fill(values);
}

describe('M9 URI templates filled in', () => {
  // The examples of RFC 6570 whose values are strings.
  it.each<[string, string]>([
    ['{var}', 'value'],
    ['{hello}', 'Hello%20World%21'],
    ['{half}', '50%25'],
    ['O{empty}X', 'OX'],
    ['O{undef}X', 'OX'],
    ['{x,y}', '1024,768'],
    ['{x,hello,y}', '1024,Hello%20World%21,768'],
    ['?{x,undef}', '?1024'],
    ['{var:3}', 'val'],
    ['{var:30}', 'value'],
    ['{+var}', 'value'],
    ['{+hello}', 'Hello%20World!'],
    ['{+half}', '50%25'],
    ['{+path}/here', '/foo/bar/here'],
    ['here?ref={+path}', 'here?ref=/foo/bar'],
    ['{+x,hello,y}', '1024,Hello%20World!,768'],
    ['{+path:6}/here', '/foo/b/here'],
    ['{#var}', '#value'],
    ['{#hello}', '#Hello%20World!'],
    ['X{.var}', 'X.value'],
    ['X{.x,y}', 'X.1024.768'],
    ['{/var}', '/value'],
    ['{/var,x}/here', '/value/1024/here'],
    ['{;x,y}', ';x=1024;y=768'],
    ['{;x,y,empty}', ';x=1024;y=768;empty'],
    ['{?x,y}', '?x=1024&y=768'],
    ['{?x,y,empty}', '?x=1024&y=768&empty='],
    ['{?x,y,undef}', '?x=1024&y=768'],
    ['?fixed=yes{&x}', '?fixed=yes&x=1024'],
    ['{&var:3}', '&var=val'],
    ['{/var*}', '/value'],
    ['{?undef}', ''],
  ])('%s gives %s', (template, uri) => {
    const values = {
      var: 'value',
      hello: 'Hello World!',
      half: '50%',
      empty: '',
      x: '1024',
      y: '768',
      path: '/foo/bar',
    };
    expect(filled(template, values)).toBe(uri);
  });

  it('a value cannot leave its place', () => {
    const uri = filled('docs://{folder}/{name}', { folder: '../secret', name: 'a/b?c#d\r\nx' });
    expect(uri).toBe('docs://..%2Fsecret/a%2Fb%3Fc%23d%0D%0Ax');
    expect(compileUriTemplate('docs://{folder}/{name}')(uri ?? '')).toBe(true);
  });

  it.each([
    ['{+path}', 'a%2Fb%zz%C3%A9é\u212a', 'a%2Fb%25zz%C3%A9%C3%A9%E2%84%AA'],
    ['{path}', 'half \ud800 a character', 'half%20%EF%BF%BD%20a%20character'],
    ['{path:2}', '🦊🦊🦊', '%F0%9F%A6%8A%F0%9F%A6%8A'],
  ])('%s escapes what is no part of a URI: %s', (template, path, uri) => {
    expect(filled(template, { path })).toBe(uri);
  });

  it('says which values there are, and which may be missing', () => {
    expect(fillableTemplate('x://{a}{/b,c}{?d,a}{&e}')?.variables).toEqual([
      { name: 'a', isOptional: false },
      { name: 'b', isOptional: false },
      { name: 'c', isOptional: false },
      { name: 'd', isOptional: true },
      { name: 'e', isOptional: true },
    ]);
  });

  it('takes no value from what objects inherit', () => {
    expect(filled('x://{constructor}', {})).toBe('x://');
  });

  it.each([
    'x://plain',
    'x://{open',
    'x://close}',
    'x://{}',
    'x://{a b}',
    'x://{=a}',
    'x://{a,}',
    'x://{{a}}',
    '',
  ])('makes nothing of %j', (template) => {
    expect(fillableTemplate(template)).toBeUndefined();
  });

  it('takes a template of a megabyte at once', () => {
    expect(fillableTemplate('{'.repeat(1_000_000))).toBeUndefined();
    expect(fillableTemplate(`x://${'{a}'.repeat(300_000)}`)?.variables).toHaveLength(1);
  });
});
