import { describe, expect, it } from 'vitest';
import { textTokens, tokenEstimate, toolTokens } from '../../src/toolkit/token-estimate.ts';
import { connectGroup } from '../support/groups.ts';
import { local, tools } from '../support/servers.ts';

/** Texts with what the tokenizer o200k_base makes of them. */
const COUNTED: [string, number][] = [
  ['The quick brown fox jumps over the lazy dog near the riverbank.', 14],
  ['{"a":1,"b":[1,2,3],"longIdentifierNameHere":"https://example.com/path/to/page?id=123456"}', 30],
  ['Returns the internationalization configuration, deauthenticated', 8],
  ['Übersicht über die verfügbaren Geräte und ihre Zustände', 12],
];

describe('the tokens of a text', () => {
  it.each(COUNTED)('are nearly what a tokenizer counts: %s', (text, counted) => {
    expect(Math.abs(textTokens(text) - counted)).toBeLessThanOrEqual(Math.max(2, counted * 0.2));
  });

  it.each(['', ' ', '\t'])('are none for %j', (text) => {
    expect(textTokens(text)).toBe(0);
  });

  it.each([['日本語のツール'], ['🦊🦊🦊'], ['Получить список'], ['____'], ['a\n\nb']])(
    'are counted in any script: %s',
    (text) => {
      expect(textTokens(text)).toBeGreaterThan(0);
      expect(textTokens(text)).toBeLessThanOrEqual(text.length);
    },
  );

  it('of a very long text are counted in a time that grows with it', () => {
    expect(textTokens('ab_1é日{'.repeat(100_000))).toBeGreaterThan(100_000);
  });
});

describe('M7 what a catalog costs', () => {
  it('is the sum of its tools, by tool and by server', async () => {
    const servers = {
      a: { server: local({ tools: tools('x', 'y') }) },
      b: { server: local({ tools: tools('z') }) },
    };
    const group = await connectGroup({ servers });
    const { total, tools: byTool, servers: byServer } = tokenEstimate(group);
    const costs = [...group.tools].map(([name, tool]) => [name, toolTokens(name, tool)] as const);
    expect([...byTool]).toEqual(costs);
    expect([...byServer.keys()]).toEqual(['a', 'b']);
    expect(total).toBe(costs.reduce((sum, [, tokens]) => sum + tokens, 0));
    expect(total).toBe([...byServer.values()].reduce((sum, tokens) => sum + tokens, 0));
    expect(tokenEstimate({ tools: new Map() })).toMatchObject({ total: 0 });
  });

  it('grows with what a tool says of itself', () => {
    const inputSchema = { type: 'object' as const };
    const short = toolTokens('x', { name: 'x', inputSchema });
    expect(toolTokens('x', { name: 'x', description: 'Finds papers.', inputSchema })).toBeGreaterThan(short);
  });
});
