import { apiKeyNameTaken } from '../../errors/gateway.ts';
import { createApiKey } from '../../gateway/identity/api-key.ts';
import { changeKeyFile } from '../../gateway/identity/key-file.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT } from '../exit-codes.ts';
import { keyFileOf } from '../servers/key-file.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal } = invocation;
  const [name = ''] = operands;
  const { scope = [], expires } = options;
  const { key, record } = createApiKey(name, {
    scopes: scope,
    ...(expires !== undefined && { expiresAt: expires }),
  });
  const file = await keyFileOf(invocation);
  await changeKeyFile(file, (records) => {
    if (records.some((each) => each.name === name)) throw apiKeyNameTaken(name);
    return [...records, record];
  });
  if (terminal.json) {
    const { hash: _, ...shown } = record;
    terminal.jsonData({ key, file, ...shown });
  } else {
    terminal.note(`This is the only time that the key of "${name}" is shown. ${file} has its hash.`);
    terminal.data(key);
  }
  return EXIT.good;
};
