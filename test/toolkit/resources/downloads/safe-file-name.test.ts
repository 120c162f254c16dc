import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numbered, safeFileName } from '../../../../src/toolkit/resources/downloads/safe-file-name.ts';

describe('M9 names of downloads', () => {
  it.each([
    ['file:///home/me/report.pdf', 'report.pdf'],
    ['https://host/a/b.txt?version=1#top', 'b.txt'],
    ['memo://notes/', 'notes'],
    ['urn:isbn:0451450523', '0451450523'],
    ['x:/a/r%C3%A9sum%C3%A9%20final.md', 'résumé_final.md'],
    ['x:/日本語.txt', '日本語.txt'],
    ['x:/re\u0301sume\u0301', 'résumé'],
  ])('come from the end of the URI: %s', (uri, name) => {
    expect(safeFileName(uri)).toBe(name.normalize('NFC'));
  });

  it.each([
    ['climb', 'file:///../../etc/passwd', 'passwd'],
    ['climb in escapes', 'x:/%2e%2e%2f%2e%2e%2fetc%2fpasswd', 'passwd'],
    ['climb in escapes, twice', 'x:/%252e%252e%252fpasswd', '2e_2e_2fpasswd'],
    ['climb with backslashes', 'x:/..%5C..%5Cboot.ini', 'boot.ini'],
    ['climb with a look-alike of a slash', 'x:/..\uff0f..\u2215evil', 'evil'],
    ['are nothing but dots', 'x:/..', 'resource'],
    ['are nothing', '', 'resource'],
    ['name a drive', 'C:%5CWindows%5Cwin.ini', 'win.ini'],
    ['name a stream of a file', 'x:/file.txt%3Astream', 'file.txt_stream'],
    ['hide', 'x:/.bashrc', 'bashrc'],
    ['look like an option', 'x:/--delete', 'delete'],
    ['end in dots and spaces', 'x:/evil.exe.%20.', 'evil.exe._'],
    ['have a NUL', 'x:/a%00.txt', 'a_.txt'],
    ['have control and direction characters', 'x:/a%0D%0A%E2%80%AEtxt.exe', 'a_txt.exe'],
    ['are a device', 'x:/CON', '_CON'],
    ['are a device with an extension', 'x:/nul.tar.gz', '_nul.tar.gz'],
    ['are a numbered device', 'x:/com1.txt', '_com1.txt'],
    ['are a device in superscript', 'x:/COM¹', 'COM_'],
    ['cannot be decoded', 'x:/a%zz', 'a_zz'],
  ])('are harmless where URIs %s', (_, uri, name) => {
    expect(safeFileName(uri)).toBe(name);
  });

  it('are short, and keep their extension', () => {
    const name = safeFileName(`x:/${'日'.repeat(500)}.pdf`);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(120);
    expect(name).toMatch(/^日+\.pdf$/);
    expect(Buffer.byteLength(safeFileName(`x:/a.${'b'.repeat(500)}`))).toBeLessThanOrEqual(120);
  });

  it.each([
    ['a.txt', 'a-2.txt'],
    ['archive.tar.gz', 'archive.tar-2.gz'],
    ['README', 'README-2'],
  ])('get a number before the extension: %s', (name, withNumber) => {
    expect(numbered(name, 2)).toBe(withNumber);
  });

  it('are plain names of files, whatever the URI', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '%2f',
      '%5c',
      '%00',
      ':',
      'con',
      'a',
      ' ',
      '%2e',
      '-',
      '\u202e',
      '~',
      '¹',
    );
    const uri = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(uri, (each) => {
        const name = safeFileName(each);
        expect(name).toMatch(/^[\p{L}\p{M}\p{Nd}_][\p{L}\p{M}\p{Nd}._-]*$/u);
        expect(name).not.toMatch(/\.$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(120);
      }),
    );
  });
});
