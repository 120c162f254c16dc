import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile, CONTROLS, plenum, plenumJson } from '../support/run-cli.ts';

const COLORED = String.raw`for (let i = 1; i <= 40; i++) process.stderr.write('\x1b[33mline ' + i + '\x1b[39m\n');`;
const LAST = ['line 36', 'line 37', 'line 38', 'line 39', 'line 40'];

const dying = { command: process.execPath, args: ['-e', `${COLORED} process.exitCode = 3;`] };
const good = stdioSpec({ tools: [{ name: 'echo' }] });

/** A server that handles the handshake and dies, with words, in its first call. */
const CRASHING = String.raw`
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    const answer = (result) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\n');
    if (method === 'initialize') answer({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'c', version: '1' } });
    else if (method === 'tools/list') answer({ tools: [{ name: 'die', inputSchema: { type: 'object' } }] });
    else if (method === 'tools/call') { ${COLORED} process.exit(1); }
    else if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } }) + '\n');
  });`;
const crashing = { command: process.execPath, args: ['-e', CRASHING] };

describe('L12 what a process wrote last', () => {
  it('at its start: five lines, without colors; the other server is there', async () => {
    const config = configFile({ dying, good });
    const { stdout, stderr } = await plenum(['tools', '-c', config]);
    expect(stdout).toContain('good__echo');
    expect(stderr).toContain(LAST.join('\n'));
    expect(stderr).not.toContain('line 35');
    expect(stderr).not.toMatch(/\[33m|u\{1b\}/);
    expect(stderr).not.toMatch(CONTROLS);
    const servers = (await plenumJson(['servers', '-c', config])) as { name: string; error?: object }[];
    expect(servers.find(({ name }) => name === 'dying')?.error).toMatchObject({
      code: 'CONNECT_FAILED',
      server: 'dying',
      stderr: LAST,
    });
  });

  it('in a call', async () => {
    const config = configFile({ crashing, good });
    const { exitCode, stderr } = await plenum(['call', 'crashing__die', '-c', config]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(LAST.join('\n'));
    expect(stderr).not.toMatch(/line 35|\[33m|u\{1b\}/);
    const json = await plenum(['call', 'crashing__die', '--json', '-c', config]);
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'CONNECTION_LOST', server: 'crashing', stderr: LAST },
    });
  });
});
