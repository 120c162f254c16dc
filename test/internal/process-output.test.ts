import { describe, expect, it } from 'vitest';
import { lastLines } from '../../src/internal/text.ts';

const ESC = '\u001B';

describe('L12 the end of standard error', () => {
  it.each<[situation: string, text: string, lines: string[]]>([
    ['nothing', ' \n\n', []],
    ['a few lines', 'a\nb\n', ['a', 'b']],
    [
      'many lines',
      Array.from({ length: 40 }, (_, at) => `line ${at}`).join('\n'),
      ['line 35', 'line 36', 'line 37', 'line 38', 'line 39'],
    ],
    ['line ends of Windows, and blank lines', 'a\r\n\r\nb\r\n', ['a', 'b']],
    ['colors', `${ESC}[33mwarn${ESC}[39m ${ESC}[1;31mred${ESC}[0m`, ['warn red']],
    ['colors of 8 and 24 bits', `${ESC}[38;5;9ma${ESC}[48;2;1;2;3mb${ESC}[m`, ['ab']],
    [
      'a link and a title',
      `${ESC}]8;;https://x.example.com${ESC}\\text${ESC}]8;;${ESC}\\${ESC}]0;title\u0007!`,
      ['text!'],
    ],
    ['moves and erasing', `${ESC}[2K${ESC}[1Gdone${ESC}[?25h`, ['done']],
    ['character sets and resets', `${ESC}(B${ESC}c${ESC}=${ESC}7a${ESC}8`, ['a']],
    ['an escape sequence that was cut', `a${ESC}[3`, ['a']],
    ['a line that was written over and over', 'get 1%\rget 50%\rget 99%\nthe end\n', ['get 99%', 'the end']],
    ['other controls are shown', 'a\u0000b\u202Ec', ['a\\u{0}b\\u{202e}c']],
    [
      'a stack: its frames say nothing',
      [
        'node:internal/modules/cjs/loader:1210',
        'Error: Cannot find module "/x"',
        '    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)',
        '    at node:internal/main/run_main_module:28:49 {',
        "  code: 'MODULE_NOT_FOUND',",
        '  requireStack: []',
        '}',
        '',
        'Node.js v20.20.2',
      ].join('\n'),
      [
        'Error: Cannot find module "/x"',
        "  code: 'MODULE_NOT_FOUND',",
        '  requireStack: []',
        '}',
        'Node.js v20.20.2',
      ],
    ],
  ])('%s', (_, text, lines) => {
    expect(lastLines(text)).toEqual(lines);
  });

  it('a line without an end, and text without lines, are cut', () => {
    const [line = '', ...more] = lastLines('x'.repeat(1_000_000));
    expect(more).toEqual([]);
    expect(line.length).toBeLessThan(1_100);
    const start = performance.now();
    for (const text of [`${ESC}[`, `${ESC}]`, `${ESC}]8;;`, '\r', ' ', ' at ', ESC])
      lastLines(text.repeat(400_000));
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
