import { describe, expect, it } from 'vitest';
import { runExample } from './support.ts';

const TIMEOUT_MS = 60_000;

describe('examples of agents run as they stand', { timeout: TIMEOUT_MS }, () => {
  it('research-assistant asks two servers at once and reads what one of them points to', async () => {
    expect(await runExample('research-assistant.mjs')).toEqual([
      'User: What did Ada Lovelace publish?',
      '  → encyclopedia__look_up {"query":"Ada Lovelace"}',
      '  → papers__search {"query":"Lovelace engine"}',
      '  ← Ada Lovelace (1815 to 1852), English mathematician.',
      '  ← 1 paper: Notes on the Analytical Engine (1843), paper://1843/notes',
      '  → papers__read_resource {"uri":"paper://1843/notes"}',
      expect.stringMatching(/^ {2}← .*paper:\/\/1843\/notes/),
      'Note G: how the engine computes Bernoulli numbers.',
      'Model: Notes on the Analytical Engine, in 1843. Note G: how the engine computes Bernoulli numbers.',
    ]);
  });

  it('approve-deletions deletes what a person says, and nothing else', async () => {
    const lines = await runExample('approve-deletions.mjs');
    expect(lines.filter((line) => line.startsWith('  Person'))).toEqual([
      '  Person, asked about files__delete a.log: true',
      expect.stringContaining('asked about files__delete plan.md: {"refuse":'),
      '  Person, asked about files__delete *: {"args":{"path":"b.log"}}',
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}← .*refused: The plan is still needed\./));
    expect(lines.at(-1)).toBe('The server was asked to delete: a.log, b.log');
  });

  it('route-by-query uses the server that fits the question, and its tool', async () => {
    const lines = await runExample('route-by-query.mjs');
    expect(lines.filter((line) => /^(User|Model|  →)/.test(line))).toEqual([
      'User: Do I need an umbrella in Oslo?',
      '  → list_servers {}',
      '  → use_server {"server":"weather"}',
      '  → weather__forecast {"query":"Oslo"}',
      'Model: Yes: Rain, 8 degrees.',
      'User: Who wrote of attention first?',
      '  → list_servers {}',
      '  → use_server {"server":"papers"}',
      '  → papers__search {"query":"attention"}',
      'Model: See Attention Is All You Need (2017).',
    ]);
  });

  it('search-500-tools finds the right one of five hundred, and shows four', async () => {
    const lines = await runExample('search-500-tools.mjs');
    const tokens = (line: string | undefined): number => Number(/about (\d+) tokens/.exec(line ?? '')?.[1]);
    expect(lines[0]).toMatch(/^Without search: 500 tools, /);
    expect(lines[1]).toMatch(/^With search: 4 tools, /);
    expect(tokens(lines[1])).toBeLessThan(tokens(lines[0]) / 20);
    expect(lines).toContain('  → describe_tools {"names":["calendar__create_reminder"]}');
    expect(lines.at(-2)).toBe('  ← {"name":"water the plants","when":"2030-05-01T09:00"}');
    expect(lines.at(-1)).toBe('Model: I shall remind you.');
  });
});
