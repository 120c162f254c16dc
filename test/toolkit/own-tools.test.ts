import { describe, expect, it } from 'vitest';
import { withOwnTools, type OwnTool } from '../../src/toolkit/own-tools.ts';
import type { ToolDefinition, ToolSource } from '../../src/toolkit/tool-source.ts';
import { textOf } from '../support/results.ts';

const inputSchema = { type: 'object' } as const;

function own(id: string, wantedName = id): OwnTool {
  return {
    id,
    wantedName,
    definition: { inputSchema },
    call: () => Promise.resolve({ content: [{ type: 'text', text: `own ${id}` }] }),
  };
}

/** A source whose tools can be replaced, and whose calls say who was called. */
function shifting(...names: string[]) {
  let tools = toolsOf(names);
  const source: ToolSource = {
    get tools() {
      return tools;
    },
    callTool: (name) => Promise.resolve({ content: [{ type: 'text', text: `their ${name}` }] }),
  };
  const become = (...next: string[]): void => {
    tools = toolsOf(next);
  };
  return { source, become };
}

function toolsOf(names: string[]): ReadonlyMap<string, ToolDefinition> {
  return new Map(names.map((name) => [name, { name, server: 's', inputSchema }]));
}

describe('M9 tools of the toolkit beside those of servers', () => {
  it('are listed after them and called by their names', async () => {
    const { source } = shifting('a', 'b');
    const list = [own('mine')];
    const both = withOwnTools(source, () => list);
    expect([...both.tools.keys()]).toEqual(['a', 'b', 'mine']);
    expect(both.tools.get('mine')).toMatchObject({ name: 'mine' });
    expect(textOf(await both.callTool('mine'))).toBe('own mine');
    expect(textOf(await both.callTool('a'))).toBe('their a');
    expect(both.tools).toBe(both.tools);
  });

  it('take another name where theirs is taken', () => {
    const long = 'x'.repeat(64);
    const { source } = shifting('mine', 'mine_2', long);
    const list = [own('1', 'mine'), own('2', 'mine'), own('3', long)];
    const both = withOwnTools(source, () => list);
    expect([...both.tools.keys()].slice(3)).toEqual(['mine_3', 'mine_4', `${'x'.repeat(62)}_2`]);
    expect(both.nameOf('1')).toBe('mine_3');
  });

  it('keep their names from then on: no server can take their place', async () => {
    const { source, become } = shifting('a');
    const list = [own('mine')];
    const both = withOwnTools(source, () => list);
    expect(both.tools.has('mine')).toBe(true);
    become('a', 'mine');
    expect([...both.tools.keys()]).toEqual(['a', 'mine']);
    expect(textOf(await both.callTool('mine'))).toBe('own mine');
    expect(both.problems).toEqual([
      { tool: 'mine', server: 's', problem: expect.stringContaining('left out') },
    ]);
    become('a');
    expect(both.problems).toEqual([]);
  });

  it('keep them when others of theirs come and go', () => {
    const { source } = shifting('mine');
    let list = [own('1', 'mine'), own('2', 'mine')];
    const both = withOwnTools(source, () => list);
    expect([...both.tools.keys()]).toEqual(['mine', 'mine_2', 'mine_3']);
    list = [own('0', 'mine'), own('2', 'mine')];
    expect(both.nameOf('2')).toBe('mine_3');
    expect(both.nameOf('0')).toBe('mine_2');
    expect(both.nameOf('1')).toBeUndefined();
  });
});
