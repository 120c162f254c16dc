import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { withClientTable } from '../../scripts/client-table.mjs';
import { FEATURES, MAKES, type Feature, type Place, type RealClient } from './real-clients.ts';

const PROGRAM = resolve(import.meta.dirname, 'tour-gateway.mjs');
const PAGE = resolve(import.meta.dirname, '../../docs/gateway.md');
const TRANSPORTS = ['http', 'stdio'] as const;

/** A gateway over the seven servers, which ends with the test. A client starts the one on stdio itself. */
async function gatewayOver(transport: 'http' | 'stdio'): Promise<Place> {
  if (transport === 'stdio') return { command: process.execPath, args: [PROGRAM, 'stdio'] };
  const child = spawn(process.execPath, [PROGRAM, 'http'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  });
  const [url] = await once(createInterface(child.stdout), 'line');
  return { url: String(url) };
}

const textOf = (result: unknown): string => JSON.stringify(result);

/** What each feature looks like to a client of the gateway. */
const PROOFS: Record<Feature, (client: RealClient) => Promise<void>> = {
  tools: async (client) => {
    const names = await client.toolNames();
    for (const name of [
      'everything__echo',
      'everything-http__echo',
      'filesystem__read_text_file',
      'memory__read_graph',
      'thinking__sequentialthinking',
      'greeter__wave',
      'calculator__multiply',
    ])
      expect(names).toContain(name);
    expect(textOf(await client.callTool('everything__echo', { message: 'one' }))).toContain('Echo: one');
    expect(textOf(await client.callTool('everything-http__echo', { message: 'two' }))).toContain('Echo: two');
    expect(textOf(await client.callTool('greeter__wave', {}))).toContain('o/');
    expect(textOf(await client.callTool('calculator__multiply', { a: 6, b: 7 }))).toContain('42');
    expect(textOf(await client.callTool('memory__read_graph', {}))).toContain('entities');
  },
  'structured output': async (client) => {
    const result = await client.callTool('everything__get-structured-content', { location: 'Chicago' });
    expect(result).toMatchObject({ structuredContent: { temperature: 36, humidity: 82 } });
  },
  progress: async (client) => {
    const steps: number[] = [];
    const onProgress = (progress: number): void => void steps.push(progress);
    const climb = client.callTool('calculator__climb', {}, { onProgress });
    climb.catch(() => {}); // It is awaited below.
    // The official clients lose a report that reaches them together with the result, so each is waited for.
    for (const step of [1, 2, 3, 4]) {
      await expect.poll(() => steps).toHaveLength(step);
      await client.callTool('calculator__step', {});
    }
    await climb;
    expect(steps).toEqual([1, 2, 3, 4]);
  },
  cancellation: async (client) => {
    const waiting = async (): Promise<string> => textOf(await client.callTool('calculator__waiting', {}));
    const abort = new AbortController();
    const call = client.callTool('calculator__wait', {}, { signal: abort.signal });
    call.catch(() => {}); // It is awaited below.
    await expect.poll(waiting).toContain('"1"');
    abort.abort(new Error('changed my mind'));
    await expect(call).rejects.toThrow();
    await expect.poll(waiting).toContain('"0"');
  },
  elicitation: async (client) => {
    const asked = await client.callTool('everything__trigger-elicitation-request', {});
    expect(textOf(asked)).toContain('Name: Ada Lovelace');
    expect(textOf(await client.callTool('greeter__greet', {}))).toContain('Hello, Ada Lovelace!');
  },
  sampling: async (client) => {
    const sampled = await client.callTool('everything__trigger-sampling-request', { prompt: '6 by 7?' });
    expect(textOf(sampled)).toContain('The answer is 42.');
  },
  roots: async (client) => {
    const listed = await client.callTool('everything__get-roots-list', {});
    expect(textOf(listed)).toContain('file:///srv/ada');
  },
  templates: async (client) => {
    expect(await client.templates?.()).toContain('demo://resource/dynamic/text/{resourceId}');
  },
  completion: async (client) => {
    const name = 'everything__completable-prompt';
    const values = await client.completePrompt?.(name, { name: 'name', value: 'D' }, { department: 'Sales' });
    expect(values).toEqual(['David']);
  },
  'log level': async (client) => {
    const heard = (): string => client.heard.logs.join('\n');
    await client.setLogLevel?.('error');
    await client.callTool('calculator__warn', {}, { logLevel: 'error' });
    await expect.poll(heard).toContain('careful');
    expect(heard()).not.toContain('just so');
    await client.setLogLevel?.('info');
    await client.callTool('calculator__warn', {}, { logLevel: 'info' });
    await expect.poll(heard).toContain('just so');
  },
  subscription: async (client) => {
    await client.subscribe?.('calculator://memory');
    await client.callTool('calculator__store', {});
    await expect.poll(() => client.heard.updated).toEqual(['calculator://memory']);
  },
  list_changed: async (client) => {
    const before = client.heard.listChanges;
    expect(await client.toolNames()).not.toContain('calculator__halve');
    await client.callTool('calculator__learn', {});
    await expect.poll(() => client.heard.listChanges).toBeGreaterThan(before);
    await expect.poll(() => client.toolNames()).toContain('calculator__halve');
    expect(textOf(await client.callTool('calculator__halve', {}))).toContain('½');
  },
};

/** What came out, by client, feature and transport. */
const cells = new Map<string, string>();

describe('W9 clients that people use reach seven servers through a gateway', () => {
  for (const make of MAKES)
    for (const transport of TRANSPORTS)
      it(`${make.name.replaceAll('`', '')} over ${transport}`, async () => {
        const client = await make.connect(await gatewayOver(transport));
        onTestFinished(async () => void (await client.close()));
        const failed: unknown[] = [];
        for (const feature of FEATURES) {
          const works = make.lacks(transport).includes(feature)
            ? 'not in this client'
            : await PROOFS[feature](client).then(
                () => 'yes',
                (error: unknown) => {
                  failed.push(new Error(feature, { cause: error }));
                  return 'no';
                },
              );
          cells.set(`${make.name} ${feature} ${transport}`, works);
        }
        expect(failed).toEqual([]);
      });

  it('which the table of docs/gateway.md shows; if not, --update writes it', async () => {
    const rows = MAKES.map(({ name }) => ({ name, cells: FEATURES.map((feature) => cellOf(name, feature)) }));
    const written = await withClientTable(readFileSync(PAGE, 'utf8'), PAGE, FEATURES, rows);
    await expect(written).toMatchFileSnapshot(PAGE);
  });
});

function cellOf(name: string, feature: Feature): string {
  const [http, stdio] = TRANSPORTS.map((transport) => cells.get(`${name} ${feature} ${transport}`));
  return http === stdio ? `${http}` : `${http}; over stdio ${stdio}`;
}
