import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The files of `dist/` that run during one `SessionGroup.callTool`, from the call to its answer, by way. */
function filesOfACall(): Record<string, { readonly file: string }[]> {
  const script = resolve(ROOT, 'scripts/call-path.mjs');
  const output = execFileSync(process.execPath, [script, '--json'], { cwd: ROOT });
  return JSON.parse(output.toString()) as Record<string, { readonly file: string }[]>;
}

describe('the way of a call through the last build', () => {
  it('is short', () => {
    const { stdio = [], 'http-json': json = [], 'http-sse': sse = [] } = filesOfACall();
    for (const way of [stdio, json, sse])
      expect(way.map(({ file }) => file)).toContain('group/session-group.js');
    expect(stdio.length, JSON.stringify(stdio, null, 2)).toBeLessThanOrEqual(18);
    expect(json.length, JSON.stringify(json, null, 2)).toBeLessThanOrEqual(20);
    expect(sse.length, JSON.stringify(sse, null, 2)).toBeLessThanOrEqual(20);
  });
});
