import { describe, expect, it } from 'vitest';
import { inlineName } from '../../../src/cli/command-line/inline-server.ts';
import { parseDuration } from '../../../src/cli/command-line/options.ts';
import { possibleOwners } from '../../../src/cli/servers/possible-owners.ts';
import { prefixedName } from '../../../src/group/catalog/prefixed-name.ts';

describe('plenum: the name of an inline server', () => {
  it.each([
    ['npx -y @modelcontextprotocol/server-memory@1.2.3', 'server-memory'],
    ['npx some-server --flag', 'some-server'],
    ['node build/index.js', 'index'],
    ['/usr/bin/node --inspect ./server.mjs x', 'server'],
    ['uvx mcp-server-git', 'mcp-server-git'],
    ['python3 -m server', 'server'],
    ['docker run -i mcp/fetch:latest', 'fetch'],
    ['env TOKEN=secret my-server', 'my-server'],
    ['C:\\tools\\thing.exe', 'thing'],
    ['my-server', 'my-server'],
    ['npx', 'npx'],
  ])('%s', (line, name) => {
    const [command = '', ...args] = line.split(' ');
    expect(inlineName({ command, args })).toBe(name);
  });

  it('is the host of a URL', () => {
    expect(inlineName({ url: 'https://mcp.example.com:8443/mcp?key=secret' })).toBe('mcp.example.com');
  });
});

it.each([
  ['500', 500],
  ['500ms', 500],
  ['1.5s', 1_500],
  ['2m', 120_000],
])('plenum --timeout %s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

describe('plenum: whose a name may be', () => {
  const names = ['files', 'my files', 'a__b', 'x_', 'long'.repeat(20), '__proto__x'];
  const servers = Object.fromEntries(names.map((name) => [name, { command: 'x' }]));
  const set = { servers, broken: new Map(), options: {}, managerOptions: {}, config: undefined };

  it.each(names)('%s has its own, and no other has them', (server) => {
    for (const tool of ['t', 'a__b', 'tool name', 't'.repeat(100)])
      expect([...possibleOwners(set, prefixedName(server, tool))]).toEqual([server]);
  });

  it('nobody has what fits no server', () => {
    expect([...possibleOwners(set, 'nobody__t')]).toEqual([]);
  });

  it('a server of another naming may have any', () => {
    const mixed = { ...set, servers: { ...servers, bare: { command: 'x', naming: 'bare' as const } } };
    expect([...possibleOwners(mixed, 'files__t')]).toEqual(['files', 'bare']);
  });
});
