import { changeKeyFile } from '../../gateway/identity/key-file.ts';
import { printable, suggestion } from '../../internal/text.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT, UsageError } from '../exit-codes.ts';
import { keyFileOf } from '../servers/key-file.ts';
import { count, lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, terminal } = invocation;
  const file = await keyFileOf(invocation);
  const removed: string[] = [];
  await changeKeyFile(file, (records) => {
    for (const wanted of operands) {
      const found = records.find(({ name, id }) => name === wanted || id === wanted);
      if (found === undefined) {
        const known = records.map(({ name }) => name);
        throw new UsageError(`${file} has no key "${printable(wanted)}".${suggestion(wanted, known)}`);
      }
      removed.push(found.name);
    }
    return records.filter(({ name }) => !removed.includes(name));
  });
  if (terminal.json) terminal.jsonData({ removed, file });
  else
    terminal.data(
      `Removed ${count(removed.length, 'key')}: ${removed.map((name) => lineText(name)).join(', ')}.`,
    );
  return EXIT.good;
};
