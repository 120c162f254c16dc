import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { newFolder } from '../../support/folders.ts';
import { plenum } from '../support/run-cli.ts';

const { command, args } = stdioSpec({ tools: [{ name: 'echo' }], prompts: [{ name: 'p' }] });

/** A file of a good server, three sloppy ones that work, and some that cannot. */
function place(): string {
  const good = JSON.stringify({ command, args });
  const line = JSON.stringify([command, ...args].map((word) => `'${word}'`).join(' '));
  const list = JSON.stringify([command, ...args]);
  const folder = newFolder();
  writeFileSync(
    join(folder, '.mcp.json'),
    `\uFEFF{ // by hand
      "mcpServers": {
        "good": ${good},
        "line": { "command": ${line}, "url": "", },
        "list": { "type": "LOCAL", "command": ${list}, "enabled": "true" },
        "twice": { "command": "no-such-program", "command": ${JSON.stringify(command)}, "args": ${JSON.stringify(args)} },
        "off": { "command": 5, "disabled": "true" },
        "filter": { "command": ${JSON.stringify(command)}, "alow": ["x"] },
        "shapeless": 7,
        "both": { "command": "a", "url": "https://a.example.com" },
        "named": ${good},
        "named": ${good},
      },
    }`,
  );
  return folder;
}

describe('R14 a file that was written by hand', () => {
  it.each<[words: string[], exitCode: number, shown: RegExp]>([
    [['tools'], 2, /good__echo[^]*line__echo[^]*list__echo[^]*twice__echo/],
    [['servers'], 2, /good +ready[^]*line +ready[^]*list +ready[^]*twice +ready/],
    [['call', 'good__echo', 'a=1'], 0, /"a": "1"/],
    [['call', 'twice__echo', 'a=1'], 0, /"a": "1"/],
    [['prompts'], 2, /good__p/],
    [['ping', 'good', 'list'], 0, /good/],
    [['doctor', 'good', 'line'], 0, /good[^]*line/],
  ])('%j: what works, works; each of the others costs itself', async (words, exitCode, shown) => {
    const found = await plenum([...words, '--trust'], { cwd: place() });
    expect(found.stdout).toMatch(shown);
    expect(found.exitCode).toBe(exitCode);
    // Of servers that are not chosen nothing is said.
    if (exitCode === 2) expect(found.stderr).toContain('"command" stands a second time');
    expect(found.stdout).not.toMatch(/filter__|off__/);
  });

  it('config check says all that is wrong, by line', async () => {
    const { exitCode, stderr } = await plenum(['config', 'check', '--trust'], { cwd: place() });
    expect(exitCode).toBe(2);
    for (const text of [
      'Did you mean "allow"?',
      'found 7',
      'both "command" and "url"',
      '"named" a second time',
    ])
      expect(stderr).toContain(text);
  });
});
