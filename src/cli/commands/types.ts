import { writeFile } from 'node:fs/promises';
import { messageOf } from '../../errors/plenum-error.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { UsageError } from '../exit-codes.ts';
import { reportMissing, withOpenServers } from '../servers/open-servers.ts';
import { createMatcher } from '../command-line/name-patterns.ts';
import { checkOut, replacesFile, STANDARD_OUTPUT } from '../views/saved-parts.ts';
import { findServers } from '../servers/server-set.ts';
import { bodyText, jsonText } from '../terminal/terminal-text.ts';
import { TypeWriter, type ToolTypes } from '../views/tool-types.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal } = invocation;
  const matches = createMatcher(operands, { loose: true });
  await checkOut(options.out, terminal.json);
  const set = await findServers(invocation);
  return withOpenServers(invocation, set, async (opened) => {
    const writer = new TypeWriter(await import('json-schema-to-typescript-lite'));
    const types: ToolTypes[] = [];
    for (const [name, tool] of opened.group.tools)
      if (matches(name, tool.upstreamName)) types.push(await writer.typesOf(name, tool));
    for (const { name, isUntyped } of types)
      if (isUntyped)
        terminal.warn(`The schemas of "${name}" cannot be translated to types; any value is allowed there.`);
    const source = moduleOf(types);
    const out = options.out === STANDARD_OUTPUT ? undefined : options.out;
    if (out !== undefined) {
      const over = (await replacesFile(out)) ? ', over what was there' : '';
      await save(out, source);
      terminal.note(`Wrote ${out}${over}`);
    }
    if (terminal.json) terminal.jsonData(types.map(({ isUntyped: _, ...facts }) => facts));
    else if (out === undefined) terminal.data(source);
    return reportMissing(invocation, opened, ['tools']);
  });
};

function moduleOf(types: readonly ToolTypes[]): string {
  const rows = types.map(({ name, arguments: args, result = 'undefined' }) => {
    return `  ${jsonText(name)}: { arguments: ${args}; structuredContent: ${result} };`;
  });
  const index = [
    '/** Every tool by its name: what it takes, and the structured content of its result. */',
    'export interface Tools {',
    ...rows,
    '}',
  ].join('\n');
  const parts = ['// Written by "plenum types".', index, ...types.map(({ source }) => source)];
  // Control characters become escapes, which mean the same in TypeScript.
  return bodyText(`${parts.join('\n\n')}\n`);
}

async function save(path: string, source: string): Promise<void> {
  try {
    await writeFile(path, source);
  } catch (error) {
    throw new UsageError(`--out ${path}: ${messageOf(error)}`);
  }
}
