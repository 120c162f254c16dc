import { describe, expect, it } from 'vitest';
import { unpinnedProgram } from '../../../src/trust/audit/packages.ts';

const words = (line: string): [string, string[]] => {
  const [command = '', ...args] = line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
  return [command, args];
};

describe('a program in a version that is not fixed', () => {
  it.each([
    ['npx -y some-server', 'some-server'],
    ['npx --yes @scope/server', '@scope/server'],
    ['npx @scope/server@latest', '@scope/server@latest'],
    ['npx some-server@^1.2.0', 'some-server@^1.2.0'],
    ['npx some-server@1', 'some-server@1'],
    ['npx some-server@next', 'some-server@next'],
    ['npx -y -p some-server -- bin', 'some-server'],
    ['npx --package=some-server bin', 'some-server'],
    ['npx -p other@1.2.3 -p some-server bin', 'some-server'],
    ['npx github:owner/repo', 'github:owner/repo'],
    ['npx owner/repo', 'owner/repo'],
    ['/usr/local/bin/npx -y some-server', 'some-server'],
    ['C:\\nodejs\\npx.cmd -y some-server', 'some-server'],
    ['cmd /c npx -y some-server', 'some-server'],
    ['sh -c "npx -y some-server --flag"', 'some-server'],
    ['bash -lc "exec npx -y some-server"', 'some-server'],
    ['env A=1 npx some-server', 'some-server'],
    ['npm exec -y some-server', 'some-server'],
    ['npm x some-server', 'some-server'],
    ['pnpm dlx some-server', 'some-server'],
    ['yarn dlx some-server', 'some-server'],
    ['bunx some-server', 'some-server'],
    ['bun x some-server', 'some-server'],
    ['uvx mcp-server-git', 'mcp-server-git'],
    ['uvx mcp-server-git@latest', 'mcp-server-git@latest'],
    ['uvx --from mcp-server-git>=1.0 bin', 'mcp-server-git>=1.0'],
    ['uvx --python 3.12 mcp-server-git', 'mcp-server-git'],
    ['uvx --from git+https://github.com/o/r bin', 'git+https://github.com/o/r'],
    ['uv tool run mcp-server-git', 'mcp-server-git'],
    ['pipx run mcp-server-git', 'mcp-server-git'],
    ['docker run -i --rm mcp/github', 'mcp/github'],
    ['docker run -i --rm -e TOKEN mcp/github:latest', 'mcp/github:latest'],
    ['docker run --name x -v /a:/b -eTOKEN ghcr.io/o/i', 'ghcr.io/o/i'],
    ['podman run -it localhost:5000/i:main', 'localhost:5000/i:main'],
  ])('is found in: %s', (line, name) => {
    expect(unpinnedProgram(...words(line))?.name).toBe(name);
  });

  it.each([
    'npx -y some-server@1.2.3',
    'npx @scope/server@1.2.3-beta.1',
    'npx -p some-server@1.2.3 bin',
    'npx ./local-server',
    'npx github:owner/repo#0123456789abcdef0123456789abcdef01234567',
    'npx some-server@${VERSION}',
    'uvx mcp-server-git==2025.1.14',
    'uvx mcp-server-git@1.2.3',
    'uvx --from mcp-server-git==1.2.3 bin',
    'docker run -i mcp/github@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef',
    'docker run -i -e A mcp/github:1.2.3',
    'docker compose up',
    'npm run start',
    'node server.js',
    'python -m server',
    'npx',
    'uv run server.py',
  ])('is not found in: %s', (line) => {
    expect(unpinnedProgram(...words(line))).toBeUndefined();
  });

  it('is found in a command with all its words in one', () => {
    expect(unpinnedProgram('npx -y some-server', [])?.name).toBe('some-server');
  });
});
