import { Client } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openTransport } from '../../../src/transport/open-transport.ts';
import { bounded } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';
import { newGroup } from '../../support/groups.ts';
import { local } from '../../support/servers.ts';

describe('G3 destroy() of a group with an adopted client', () => {
  it('fails what is under way at once, and leaves the client to its owner', async () => {
    const server = local({
      era: 'legacy',
      tools: [{ name: 'echo' }, { name: 'hang', does: { type: 'hang' } }],
    });
    const client = new Client({ name: 'own', version: '1.0.0' });
    onTestFinished(() => client.close());
    await client.connect(await openTransport({ server }, { server: 's', onProblem: () => {}, memory: {} }));
    const group = newGroup();
    await group.adopt('s', client);
    const hung = failureOf(group.callTool('s__hang', {}, { timeoutMs: Infinity }));
    await group.callTool('s__echo');
    await bounded('destroy', group.destroy());
    expect((await bounded('the call', hung)).code).toBe('SESSION_CLOSED');
    expect((await client.callTool({ name: 'echo' })).content).toEqual([{ type: 'text', text: '{}' }]);
  });
});
