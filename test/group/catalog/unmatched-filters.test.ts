import { describe, expect, it } from 'vitest';
import { SessionGroup, type GroupEvent } from '../../../src/index.ts';
import { eventually } from '../../support/eventually.ts';
import { local, tools } from '../../support/servers.ts';

describe('C6 globs of a filter that match no tool', () => {
  it('are reported once when the tools are listed, with the nearest name, and cost nothing else', async () => {
    await using group = new SessionGroup();
    const problems: Extract<GroupEvent, { type: 'problem' }>[] = [];
    const events = group.events();
    void (async () => {
      for await (const event of events) if (event.type === 'problem') problems.push(event);
    })();
    const server = local({ tools: tools('read_file', 'write_file') });
    const filter = { allow: ['read_*', 'red_file', '*'], deny: ['*delete*', 'write_*'] };
    await group.add('files', { server, ...filter });
    await group.add('other', { server: local({ tools: tools('echo') }), allow: ['echo'] });
    expect([...group.tools.keys()]).toEqual(['files__read_file', 'other__echo']);
    server.setTools(tools('read_file', 'write_file', 'more'));
    await eventually('the change', () => group.tools.has('files__more'));
    await eventually('the problems', () => problems.length >= 2);
    expect(problems.map(({ server: name, error }) => [name, error.code, error.data, error.message])).toEqual([
      [
        'files',
        'CONFIG_INVALID',
        { option: 'allow[1]' },
        expect.stringContaining('Did you mean "read_file"?'),
      ],
      [
        'files',
        'CONFIG_INVALID',
        { option: 'deny[0]' },
        expect.stringContaining('"*delete*" matches no tool'),
      ],
    ]);
  });
});
