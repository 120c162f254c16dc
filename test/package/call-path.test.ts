import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The files of `dist/` that run during one `SessionGroup.callTool`, from the call to its answer, by way. */
function filesOfACall(): Record<string, { readonly file: string }[]> {
  const script = resolve(ROOT, 'scripts/call-path.mjs');
  const output = execFileSync(process.execPath, [script, '--json', 'stdio', 'http-json'], { cwd: ROOT });
  return JSON.parse(output.toString()) as Record<string, { readonly file: string }[]>;
}

describe('the way of a call through the last build', () => {
  it('is short', () => {
    const { stdio = [], 'http-json': http = [] } = filesOfACall();
    expect(stdio.map(({ file }) => file)).toContain('group/session-group.js');
    expect(http.map(({ file }) => file)).toContain('group/session-group.js');
    expect(stdio.length, JSON.stringify(stdio, null, 2)).toBeLessThanOrEqual(18);
    expect(http.length, JSON.stringify(http, null, 2)).toBeLessThanOrEqual(20);
  });
});
