import { array, assert, constantFrom, property, string, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CookieJar, mergeCookies } from '../../../../src/transport/http/network/cookie-jar.ts';

const HTTPS = new URL('https://mcp.example.com/v1/mcp');
const HTTP = new URL('http://mcp.example.com/v1/mcp');

function jarOf(lines: readonly string[], url = HTTPS): CookieJar {
  const jar = new CookieJar(url);
  jar.store(lines, url);
  return jar;
}

describe('R3 the cookies of a server', () => {
  it.each<[string, string[], string]>([
    ['one', ['lb=a'], 'lb=a'],
    ['with blanks around', ['  lb =  a  ; Path = / '], 'lb=a'],
    ['with signs in the value', ['lb="a=b,c d"; HttpOnly; SameSite=None'], 'lb="a=b,c d"'],
    ['an empty value', ['lb='], 'lb='],
    ['several', ['a=1', 'b=2'], 'a=1; b=2'],
    ['set anew', ['a=1', 'b=2', 'a=3'], 'b=2; a=3'],
    ['the longer path first', ['a=1; Path=/', 'b=2; Path=/v1'], 'b=2; a=1'],
    ['of the same name and other paths', ['a=1; Path=/', 'a=2; Path=/v1'], 'a=2; a=1'],
    [
      'of this path',
      ['a=1; Path=/v1/mcp', 'b=2; Path=/v1/', 'c=3; Path=/v1/mc', 'd=4; Path=/v2'],
      'a=1; b=2',
    ],
    ['of a path that is none', ['a=1; Path=v1', 'b=2; Path=', 'c=3; Path'], 'a=1; b=2; c=3'],
    [
      'of this host',
      ['a=1; Domain=mcp.example.com', 'b=2; Domain=.example.com', 'c=3; domain='],
      'a=1; b=2; c=3',
    ],
    [
      'of another host',
      ['a=1; Domain=evil.com', 'b=2; Domain=x.mcp.example.com', 'c=3; Domain=ample.com'],
      '',
    ],
    ['secure ones', ['a=1; Secure', 'b=2; secure=x'], 'a=1; b=2'],
    ['for a while', ['a=1; Max-Age=60', 'b=2; Expires=Wed, 01 Jan 2200 00:00:00 GMT'], 'a=1; b=2'],
    [
      'that are over',
      ['a=1; Max-Age=0', 'b=2; Max-Age=-5', 'c=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
      '',
    ],
    ['the age over the date', ['a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60'], 'a=1'],
    ['deleted', ['a=1', 'b=2', 'a=; Max-Age=0'], 'b=2'],
    ['deleted for another path only', ['a=1; Path=/', 'a=; Path=/v1; Max-Age=0'], 'a=1'],
    ['with odd ages', ['a=1; Max-Age=soon', 'b=2; Expires=never', 'c=3; Max-Age=1e3'], 'a=1; b=2; c=3'],
    ['without a name', ['=1', ';', '', 'novalue', ' ; Path=/'], 'novalue='],
    ['that no header can carry', ['a=1\r\nx: y', 'b=\u0000', 'c=ž', 'd=4'], 'd=4'],
    [
      'with honest prefixes',
      ['__Secure-a=1; Secure', '__Host-b=2; Secure; Path=/'],
      '__Secure-a=1; __Host-b=2',
    ],
    [
      'with lying prefixes',
      ['__Secure-a=1', '__Host-b=2; Secure; Path=/v1', '__host-c=3; Secure; Path=/; Domain=mcp.example.com'],
      '',
    ],
  ])('%s', (_what, lines, header) => {
    expect(jarOf(lines).header).toBe(header);
  });

  it('secure ones neither come nor go without TLS', () => {
    expect(jarOf(['a=1; Secure', 'b=2'], HTTP).header).toBe('b=2');
  });

  it.each([
    'http://127.0.0.1:8080/mcp',
    'http://localhost/mcp',
    'http://[::1]:1/mcp',
    'http://a.localhost/mcp',
  ])('secure ones come from this machine, and go back to it: %s', (url) => {
    const jar = jarOf(
      ['AWSALBCORS=1; Path=/; SameSite=None; Secure', '__Host-a=2; Secure; Path=/'],
      new URL(url),
    );
    expect(jar.header).toBe('AWSALBCORS=1; __Host-a=2');
  });

  it.each([
    'http://127.0.0.1.example.com/mcp',
    'http://localhost.example.com/',
    'http://128.0.0.1/',
    'http://notlocalhost/',
  ])('and not from what only looks like it: %s', (url) => {
    expect(jarOf(['a=1; Secure'], new URL(url)).header).toBe('');
  });

  it.each([
    'https://other.example.com/v1/mcp',
    'https://mcp.example.com:444/v1/mcp',
    'http://mcp.example.com/v1/mcp',
    'https://example.com/',
  ])('nothing comes from %s, and nothing goes there', (other) => {
    const jar = jarOf(['a=1; Domain=example.com; Path=/']);
    expect(jar.headerFor(new URL(other))).toBe('');
    jar.store(['b=2; Path=/'], new URL(other));
    expect(jar.header).toBe('a=1');
  });

  it('a domain does not match an address from its end', () => {
    expect(jarOf(['a=1; Domain=0.0.1'], new URL('http://127.0.0.1/mcp')).header).toBe('');
    expect(jarOf(['a=1; Domain=127.0.0.1'], new URL('http://127.0.0.1/mcp')).header).toBe('a=1');
  });

  it('one that runs out is not sent any more', async () => {
    const jar = jarOf(['a=1; Max-Age=1', 'b=2']);
    expect(jar.header).toBe('a=1; b=2');
    await expect
      .poll(
        () => {
          jar.dropExpired();
          return jar.header;
        },
        { timeout: 20_000 },
      )
      .toBe('b=2');
  });

  it('are bounded in number and in bytes, the newest stay', () => {
    const many = jarOf(Array.from({ length: 1_000 }, (_, at) => `c${at}=x`)).header.split('; ');
    expect(many).toHaveLength(50);
    expect(many.at(-1)).toBe('c999=x');
    const large = jarOf([
      'old=1',
      `large=${'x'.repeat(8_000)}`,
      'new=2',
      `other=${'y'.repeat(1_000)}`,
    ]).header;
    expect(large).toBe(`new=2; other=${'y'.repeat(1_000)}`);
    expect(jarOf([`huge=${'x'.repeat(100_000)}`]).header).toBe('');
  });

  it("a caller's own cookies stay as they are, and win", () => {
    expect(mergeCookies(null, 'a=1; b=2')).toBe('a=1; b=2');
    expect(mergeCookies('', 'a=1')).toBe('a=1');
    expect(mergeCookies('mine=5; b=7', 'a=1; b=2')).toBe('mine=5; b=7; a=1');
    expect(mergeCookies('mine=5', '')).toBe('mine=5');
  });

  it('whatever a server sets, the header can be sent and stays small', () => {
    const part = constantFrom(
      'a',
      '=',
      ';',
      ' ',
      'Path=/',
      '; Max-Age=60',
      '; Domain=example.com',
      '\r\n',
      '\u0000',
      'é',
      ',',
      '"',
    );
    const line = tuple(string(), array(part, { maxLength: 8 })).map(([start, rest]) => start + rest.join(''));
    assert(
      property(array(line, { maxLength: 30 }), (lines) => {
        const { header } = jarOf(lines);
        expect(header.length).toBeLessThan(10_000);
        expect(new Headers({ cookie: header }).has('cookie')).toBe(true);
      }),
    );
  });
});
