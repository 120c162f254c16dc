import { readTexts } from '../arguments/typed-arguments.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { explainUnknown, withOpenServers, type OpenServers } from '../servers/open-servers.ts';
import { looksLikeUri, possibleOwners } from '../servers/possible-owners.ts';
import { findServers } from '../servers/server-set.ts';
import { count, lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, terminal, interrupt } = invocation;
  const [name = '', argument = '', ...rest] = operands;
  // A word with a "=" is an argument that is known already.
  const [first] = rest;
  const isValue = first !== undefined && !first.includes('=');
  const value = isValue ? first : '';
  const known = readTexts(isValue ? rest.slice(1) : rest);
  const set = await findServers(invocation);
  const isUri = looksLikeUri(name);
  const owners = possibleOwners(set, name);
  const work = async (opened: OpenServers): Promise<ExitCode> => {
    const { group } = opened;
    const isTemplate = group.resourceTemplates.has(name) || (!group.prompts.has(name) && name.includes(':'));
    const ref = isTemplate
      ? { type: 'ref/resource' as const, uri: name }
      : { type: 'ref/prompt' as const, name };
    try {
      const context = Object.keys(known).length === 0 ? undefined : { arguments: known };
      const result = await group.complete(ref, { name: argument, value }, context, {
        signal: interrupt.signal,
      });
      if (terminal.json) terminal.jsonData(result);
      else {
        const { values, total, hasMore } = result.completion;
        if (values.length > 0) terminal.data(values.map((each) => lineText(each)).join('\n'));
        else terminal.note('No completions.');
        if (hasMore === true)
          terminal.note(total === undefined ? 'There are more.' : `${count(total, 'value')} in all.`);
      }
      return EXIT.good;
    } catch (error) {
      throw explainUnknown(error, opened, isUri ? undefined : owners);
    }
  };
  return withOpenServers(
    invocation,
    set,
    work,
    isUri ? { uri: name } : owners.size > 0 ? { only: owners } : {},
  );
};
