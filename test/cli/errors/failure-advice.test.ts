import { describe, expect, it } from 'vitest';
import { commandAdvice, explainStderr } from '../../../src/cli/errors/failure-advice.ts';
import { PlenumError } from '../../../src/index.ts';

function failed(detail: string): PlenumError {
  return new PlenumError('CONNECT_FAILED', 'The server exited.', { detail });
}

const NO_NETWORK = {
  'npm, offline': 'npm error code EAI_AGAIN\nnpm error syscall getaddrinfo',
  'npm, the last lines':
    "npm error If you are behind a proxy, please make sure that the 'proxy' config is set properly.",
  'npm, refused': 'npm error code ECONNREFUSED',
  uv: 'error: Failed to fetch: `https://pypi.org/simple/x/`\n  Caused by: dns error: failed to lookup address information',
  docker:
    'Error: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
  pip: 'NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution',
  git: "fatal: unable to access 'https://github.com/x': Could not resolve host: github.com",
};

describe('a server that could not be fetched', () => {
  it.each(Object.entries(NO_NETWORK))('%s: the network is named', (_, stderr) => {
    const advice = commandAdvice({ command: '/usr/bin/npx' }, failed(stderr), false);
    expect(advice).toBe('npx could not fetch what is not installed: check the network, or install it first.');
    expect(explainStderr(stderr)).toContain('could not reach the network');
  });

  it.each(['npx', 'npx.cmd', String.raw`C:\Program Files\nodejs\npx.cmd`, '/opt/bin/uvx', 'docker', 'bunx'])(
    '%s that takes too long may be fetching',
    (command) => {
      const error = new PlenumError('TIMEOUT', 'No handshake.', { data: { timeoutMs: 5 } });
      expect(commandAdvice({ command }, error, true)).toMatch(/^\w+ first fetches what is not installed/);
    },
  );

  it.each(['node', 'python3', '/opt/npx/server', 'my-npx'])('%s fetches nothing', (command) => {
    const error = new PlenumError('TIMEOUT', 'No handshake.', { data: { timeoutMs: 5 } });
    expect(commandAdvice({ command }, error, false)).toBeUndefined();
    expect(commandAdvice({ command }, failed('ECONNREFUSED'), false)).toBeUndefined();
  });

  it.each([
    'npm error code E404',
    "npm error 404  The requested resource 'x@*' could not be found or you do not have permission to access it.",
    'ERROR: No matching distribution found for x',
    'error: x was not found in the package registry',
  ])('%s: its name is named', (stderr) => {
    expect(explainStderr(stderr)).toContain('no package of that name');
    expect(commandAdvice({ command: 'npx' }, failed(stderr), false)).toBeUndefined();
  });
});
