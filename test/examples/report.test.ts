import { describe, expect, it } from 'vitest';
import { Report } from '../../examples/tour/report.mjs';

function reportInto(lines: string[], isTTY = false): Report {
  return new Report({ isTTY, write: (text: string) => lines.push(text) });
}

describe('a report of the tour', () => {
  it('tells what was expected and what came when a check fails, and counts it', () => {
    const written: string[] = [];
    const report = reportInto(written);
    report.check('sum', '6 by 7 is 42', '41', '42');
    report.check('sum', '6 by 7 is 42', 'it is 42', /\b42\b/);
    report.error('call', new Error('no such tool'));
    expect([report.passed, report.failed]).toEqual([1, 2]);
    expect(written.join('')).toContain("  ✗ sum\n      expected '42'\n      but got  '41'\n");
    expect(written.join('')).toContain('  ✗ call\n      no such tool\n');
    report.summary(1);
    expect(written.at(-1)).toBe('2 of 3 checks failed, in 1.0 s.\n');
  });

  it('puts names to the left and numbers to the right', () => {
    const written: string[] = [];
    reportInto(written).table(
      ['server', 'tools'],
      [
        ['a', 7],
        ['longer', 12],
      ],
    );
    expect(written).toEqual(['  server   tools\n', '  a            7\n', '  longer      12\n']);
  });

  it('draws a bar over itself on a terminal, and in lines elsewhere', () => {
    const onTerminal: string[] = [];
    const elsewhere: string[] = [];
    for (const report of [reportInto(onTerminal, true), reportInto(elsewhere)]) {
      const bar = report.progressBar(4);
      bar.draw({ progress: 2, total: 4 });
      bar.draw({ progress: 4, total: 4 });
      bar.end();
    }
    expect(elsewhere).toEqual(['    ██░░  50 %\n', '    ████ 100 %\n']);
    expect(onTerminal.map((text) => text[0])).toEqual(['\r', '\r', '\n']);
  });
});
