import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/interceptors.md'), 'utf8');
const code = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block ?? '').join('\n');

const SERVERS = `
import { inProcess } from 'mcp-plenum/testing';
const answers = [{ type: 'crash' }, { type: 'text', text: 'found' }];
const script = () => ({
  tools: [
    { name: 'look_up', annotations: { readOnlyHint: true }, does: answers },
    { name: 'pay', does: answers },
    { name: 'delete_all' },
  ],
});
const servers = { shop: { server: inProcess(script()) } };
`;

const USES = `
await group.callTool('shop__delete_all');
await group.close();

const careful = await SessionGroup.connect({
  servers: { shop: { server: inProcess(script()) } },
  interceptors: [refuse, retry],
});
const found = await careful.callTool('shop__look_up');
console.log(found.content[0].text);
console.log(await careful.callTool('shop__pay').catch(({ code }) => code));
const refused = await careful.callTool('shop__delete_all');
console.log(refused.isError, refused.content[0].text);
await careful.close();
`;

describe('the interceptors of docs/interceptors.md', () => {
  it('do what the page says', async () => {
    const program = SERVERS + code + USES;
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', program],
      { cwd: root, timeout: 100_000 },
    );
    expect(stderr).toBe('');
    const [logged, ...rest] = stdout.trim().split('\n');
    expect(logged).toMatch(/^shop delete_all 1 [\d.]+$/);
    expect(rest).toEqual(['found', 'CONNECTION_LOST', 'true Deleting is not allowed here.']);
  });
});
