import { describe, expect, it } from 'vitest';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile, CONTROLS, inline, plenum } from '../support/run-cli.ts';

/** Clears the screen, sets the title, moves the cursor, hides a line, turns the direction round, in all their forms. */
const EVIL = 'x\u001b[2J\u001b]0;owned\u0007\u009b31m\r\b\u007f\u202e\u2028\u0000\u{e0041}y';

const server = stdioSpec({
  name: EVIL,
  version: EVIL,
  instructions: EVIL,
  tools: [
    {
      name: 'good',
      title: EVIL,
      description: EVIL,
      inputSchema: {
        type: 'object',
        properties: {
          [EVIL]: { type: 'string', description: `${EVIL} */ evil();`, default: EVIL, enum: [EVIL] },
        },
      },
      outputSchema: { type: 'object', properties: { [EVIL]: { const: EVIL } } },
      annotations: { title: EVIL },
      does: {
        type: 'result',
        result: {
          content: [
            { type: 'text', text: EVIL },
            { type: 'text', text: JSON.stringify({ [EVIL]: EVIL }) },
            { type: 'image', mimeType: EVIL, data: 'AAAA' },
            {
              type: 'resource_link',
              uri: `x:${EVIL}`,
              name: EVIL,
              title: EVIL,
              description: EVIL,
              mimeType: EVIL,
            },
            { type: 'resource', resource: { uri: EVIL, mimeType: EVIL, blob: 'AAAA' } },
          ],
          structuredContent: { [EVIL]: EVIL },
        },
      },
    },
    { name: `bad${EVIL}`, does: { type: 'error', message: EVIL } },
    { name: 'fails', does: { type: 'error', message: EVIL } },
    { name: 'refuses', does: { type: 'rpcError', code: -1, message: EVIL, data: EVIL } },
    { name: 'logs', does: { type: 'log', level: 'error', data: EVIL, times: 2 } },
    {
      name: 'asks',
      does: {
        type: 'elicit',
        params: { message: EVIL, requestedSchema: { type: 'object', properties: {} } },
      },
    },
  ],
  resources: [{ uri: `r:${EVIL}`, name: EVIL, description: EVIL, mimeType: EVIL, text: EVIL }],
  resourceTemplates: [{ uriTemplate: 't:{a}', name: EVIL, description: EVIL, text: EVIL }],
  prompts: [
    {
      name: 'prompt',
      description: EVIL,
      arguments: [{ name: EVIL, description: EVIL }],
      messages: [{ role: 'user', content: { type: 'text', text: EVIL } }],
    },
  ],
  completions: [{ ref: 'prompt', argument: EVIL, values: [EVIL] }],
  faults: { stderr: `${EVIL}\n`, garbage: { at: 'start', lines: [EVIL] } },
});

const commands: readonly (readonly string[])[] = [
  ['servers'],
  ['tools'],
  ['resources'],
  ['prompts'],
  ['describe', 'good'],
  ['describe', 'prompt'],
  ['describe', `r:${EVIL.replace('\u0000', '')}`],
  ['call', 'good'],
  ['call', 'fails'],
  ['call', 'refuses'],
  ['call', 'logs'],
  ['call', 'asks'],
  ['call', 'unknown'],
  ['read', 't:1'],
  ['prompt', 'prompt'],
  ['complete', 'prompt', EVIL.replace('\u0000', '')],
  ['ping'],
  ['health'],
  ['doctor'],
  ['types'],
];

describe('plenum: a server that wants to draw on the terminal', () => {
  it.each(
    commands.map(
      (args) =>
        [
          args
            .slice(0, 2)
            .join(' ')
            .replace(/[^\w ].*/su, ''),
          args,
        ] as const,
    ),
  )('%s shows its control characters and does not obey them, as text and as JSON', async (_, args) => {
    const [command = '', ...rest] = args;
    for (const options of [['--verbose'], ['--json', '--verbose']]) {
      const { stdout, stderr } = await plenum([command, ...options, ...rest, ...inline(server)]);
      expect((stdout + stderr).length).toBeGreaterThan(0);
      expect(stdout).not.toMatch(CONTROLS);
      expect(stderr).not.toMatch(CONTROLS);
      expect(stderr).not.toContain('    at '); // nothing of this is a fault of our own
    }
  });

  it('JSON still parses to what the server sent', async () => {
    const { stdout } = await plenum(['call', 'good', '--json', ...inline(server)]);
    expect(JSON.parse(stdout)).toMatchObject({ structuredContent: { [EVIL]: EVIL } });
    expect(stdout).not.toContain('\u009b');
  });

  it('its names cannot break the lines of a table', async () => {
    const { stdout } = await plenum(['tools', ...inline(server)]);
    expect(stdout.trim().split('\n')).toHaveLength(7);
    expect(stdout).toContain('\\u{1b}[2J');
  });

  it('names of servers in a configuration are shown the same way', async () => {
    const config = configFile({ [EVIL.replace('\u0000', '')]: { command: 'no-such-command-here' } });
    for (const command of ['servers', 'tools', 'doctor', 'health', 'ping']) {
      const { stdout, stderr } = await plenum([command, '-c', config]);
      expect(stdout + stderr).toContain('\\u{1b}');
      expect(stdout).not.toMatch(CONTROLS);
      expect(stderr).not.toMatch(CONTROLS);
    }
  });

  it('of its last words the sequences for the terminal are left out, and the rest is shown the same way', async () => {
    const dying = stdioSpec({ faults: { exitAtStart: { code: 1, stderr: EVIL } } });
    for (const command of ['tools', 'doctor']) {
      const { stdout, stderr } = await plenum([command, ...inline(dying)]);
      expect(stdout + stderr).toContain('\\u{202e}');
      expect(stdout + stderr).not.toContain('owned');
      expect(stdout + stderr).not.toMatch(CONTROLS);
    }
  });
});
