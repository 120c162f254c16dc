import { describe, expect, it } from 'vitest';
import { openSession } from '../../../src/index.ts';

/** Answers `initialize`, then writes a batch of so many notifications in one line. */
const program = (size: number): string => `
  const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    const serverInfo = { name: 'batch', version: '1' };
    if (method === 'initialize') say({ jsonrpc: '2.0', id, result: { protocolVersion: '2025-03-26', capabilities: {}, serverInfo } });
    else if (method === 'ping') {
      say(Array.from({ length: ${size} }, (_, n) => ({ jsonrpc: '2.0', method: 'notifications/n', params: { n } })));
      say({ jsonrpc: '2.0', id, result: {} });
    }
  });`;

async function received(size: number): Promise<{ count: number; problems: number }> {
  const spec = { command: process.execPath, args: ['-e', program(size)] };
  const session = await openSession(spec, { protocol: 'legacy' });
  const events = session.events();
  await session.ping();
  await session.close();
  let count = 0;
  let problems = 0;
  for await (const event of events) {
    if (event.type === 'notification') count++;
    if (event.type === 'problem') problems++;
  }
  return { count, problems };
}

describe('S9 a batch in one line', () => {
  it('is taken message by message', async () => {
    expect(await received(1_000)).toEqual({ count: 1_000, problems: 0 });
  });

  it('is dropped and reported when it is too long, and the session lives', async () => {
    expect(await received(1_001)).toEqual({ count: 0, problems: 1 });
  });
});
