import { describe, expect, it } from 'vitest';
import { runExample, startExample } from './support.ts';

const TIMEOUT_MS = 60_000;
const NOTHING = { processes: [], files: [] };

describe('examples run as they stand, and leave nothing behind', { timeout: TIMEOUT_MS }, () => {
  it('connect-three calls a tool on one of three servers', async () => {
    const example = startExample('connect-three.mjs');
    const { exitCode, lines, stderr } = await example.outcome;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const printed = lines.join('\n');
    for (const tool of ['files__read_text_file', 'memory__create_entities', 'everything__echo']) {
      expect(printed).toContain(`'${tool}'`);
    }
    expect(printed).toContain("text: 'Echo: hello'");
    expect(example.leftBehind()).toEqual(NOTHING);
  });

  it('own-handlers answers for the user and for the model', async () => {
    const example = startExample('own-handlers.mjs');
    const { exitCode, lines, stderr } = await example.outcome;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(lines[0]).toMatch(/^everything asks the user: /);
    expect(lines).toContain('- Name: Ada Lovelace');
    expect(lines).toContainEqual(expect.stringMatching(/^everything asks the model: .*What is 6 by 7\?$/));
    expect(lines).toContainEqual(expect.stringContaining('"The answer is 42."'));
    expect(example.leftBehind()).toEqual(NOTHING);
  });

  it('live-events sees a killed server go and come back', async () => {
    const example = startExample('live-events.mjs');
    const { exitCode, lines, stderr } = await example.outcome;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const lost = lines.findIndex((line) => line.startsWith('memory is reconnecting: '));
    expect(lines.indexOf('memory is ready')).toBeLessThan(lost);
    expect(lines.lastIndexOf('memory is ready')).toBeGreaterThan(lost);
    expect(lines).toContain('memory brings 9 tools');
    expect(lines).toContainEqual(expect.stringMatching(/^memory answers again: \{"entities":/));
    expect(example.leftBehind()).toEqual(NOTHING);
  });

  it('adopt-a-client leaves the client to its owner', async () => {
    const example = startExample('adopt-a-client.mjs');
    const { exitCode, lines, stderr } = await example.outcome;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(lines).toContain('Through the group: The sum of 40 and 2 is 42.');
    expect(lines).toContain('After the group has closed: Echo: still connected');
    expect(example.leftBehind()).toEqual(NOTHING);
  });

  it('gateway-in-hono serves through a web app, to those whom it knows', async () => {
    expect(await runExample('gateway-in-hono.mjs')).toEqual([
      'This is the app.',
      'Echo: through Hono',
      'a stranger gets 401',
    ]);
  });

  it('gateway-as-server asks, logs and notifies on its own', async () => {
    expect(await runExample('gateway-as-server.mjs')).toEqual([
      'deployed: 1.4.0',
      'the user is asked: Deploy 1.5.0 now?',
      'editor said accept { sure: true }',
      'notice: Deploying 1.5.0',
      "com.example/deployed { version: '1.5.0' }",
    ]);
  });
});
