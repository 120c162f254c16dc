import { keyFileMissing } from '../../errors/gateway.ts';
import { readKeyFile } from '../../gateway/identity/key-file.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT } from '../exit-codes.ts';
import { keyFileOf } from '../servers/key-file.ts';
import { table } from '../terminal/tables.ts';
import { lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { terminal } = invocation;
  const file = await keyFileOf(invocation);
  const records = await readKeyFile(file);
  if (records === undefined) throw keyFileMissing(file);
  if (terminal.json) {
    terminal.jsonData(records.map(({ hash: _, ...shown }) => shown));
    return EXIT.good;
  }
  const rows = records.map(({ name, id, scopes = [], createdAt = '-', expiresAt }) => {
    const isOver = expiresAt !== undefined && Date.parse(expiresAt) <= Date.now();
    const until = isOver ? terminal.paint('red', 'expired') : (expiresAt ?? 'never');
    return [lineText(name), id, lineText(scopes.join(' ') || '-', 60), createdAt, until];
  });
  terminal.data(await table(terminal, ['NAME', 'ID', 'SCOPES', 'MADE', 'EXPIRES'], rows));
  return EXIT.good;
};
