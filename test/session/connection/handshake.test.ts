import { describe, expect, it } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import type { SessionOptions } from '../../../src/index.ts';
import { inProcess, serveHttp, stdioSpec } from '../../../src/testing/index.ts';
import { open, openFailure } from '../support/open.ts';

const onSampling = () => ({
  role: 'assistant' as const,
  model: 'm',
  content: { type: 'text' as const, text: '' },
});
const onElicitation = () => ({ action: 'decline' as const });
const onRoots = () => [];

describe('S1 capabilities follow the handlers', () => {
  const cases: { title: string; options: SessionOptions; declared: object }[] = [
    { title: 'no handler', options: {}, declared: {} },
    { title: 'onSampling', options: { onSampling }, declared: { sampling: {} } },
    { title: 'onElicitation', options: { onElicitation }, declared: { elicitation: { form: {}, url: {} } } },
    { title: 'onRoots', options: { onRoots }, declared: { roots: { listChanged: true } } },
    {
      title: 'onSampling, with tools and context asked for',
      options: { onSampling, capabilities: { sampling: { tools: {}, context: {} } } },
      declared: { sampling: { tools: {}, context: {} } },
    },
    {
      title: 'onElicitation, for forms only',
      options: { onElicitation, capabilities: { elicitation: { form: {} } } },
      declared: { elicitation: { form: {} } },
    },
    { title: 'onLog and onNotification', options: { onLog() {}, onNotification() {} }, declared: {} },
  ];

  it.each(cases)('$title, over the initialize handshake', async ({ options, declared }) => {
    await using server = inProcess({ era: 'legacy' });
    await open(server, { protocol: 'legacy', ...options });
    const initialize = server.requests.find(({ method }) => method === 'initialize');
    expect(initialize?.params['capabilities']).toEqual(declared);
  });

  it.each(cases)('$title, with each request of 2026-07-28', async ({ options, declared }) => {
    await using server = inProcess({ tools: [{ name: 'echo' }] });
    const { session } = await open(server, { protocol: '2026-07-28', ...options });
    await session.callTool('echo');
    const call = server.requests.find(({ method }) => method === 'tools/call');
    expect(call?.params['_meta']).toMatchObject({ 'io.modelcontextprotocol/clientCapabilities': declared });
    const meta = call?.params['_meta'] as Record<string, unknown>;
    expect(meta['io.modelcontextprotocol/clientCapabilities']).toEqual(declared);
  });

  it('a capability without its handler is refused before anything is opened', async () => {
    await using server = inProcess();
    const error = await openFailure(server, { capabilities: { sampling: {} } });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('onSampling');
    expect(server.connections).toBe(0);
  });
});

describe('S7 protocol versions', () => {
  it('a server that answers initialize with a version nobody knows is refused, naming both sides', async () => {
    await using server = inProcess({ era: 'legacy', answerVersion: '1999-12-31' });
    const error = await openFailure(server, { protocol: 'legacy' });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.server).toBe('tested');
    expect(error.message).toContain('1999-12-31');
    expect(error.message).toContain('2025-11-25');
  });

  it('the same in a process of its own, which is gone afterwards', async () => {
    const error = await openFailure(stdioSpec({ era: 'legacy', answerVersion: '1999-12-31' }));
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('1999-12-31');
  });

  it('a server of another future revision only is refused, naming both sides', async () => {
    await using server = inProcess({ era: 'modern', protocolVersions: ['2099-01-01'] });
    const error = await openFailure(server);
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('2099-01-01');
    expect(error.message).toContain('2026-07-28');
  });

  it('a legacy server is refused when 2026-07-28 is pinned', async () => {
    await using server = inProcess({ era: 'legacy' });
    const error = await openFailure(server, { protocol: '2026-07-28', connectTimeoutMs: 10_000 });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('2026-07-28');
  });

  it('a 2026-07-28 server is refused when the session is to speak the old protocol', async () => {
    await using server = inProcess({ era: 'modern' });
    const error = await openFailure(server, { protocol: 'legacy' });
    expect(error.code).toBe('CONNECT_FAILED');
    expect(error.message).toContain('2026-07-28');
  });

  it('an old server decides for an old version', async () => {
    await using server = inProcess({ era: 'legacy', protocolVersions: ['2025-03-26'] });
    const { session } = await open(server);
    expect(session.protocolVersion).toBe('2025-03-26');
  });
});

describe('S12 facts after opening', () => {
  const script = { name: 'facts', version: '3.2.1', title: 'Facts', instructions: 'Ask nicely.', tools: [] };

  it.each([
    { protocol: 'legacy', era: 'legacy', protocolVersion: '2025-11-25' },
    { protocol: '2026-07-28', era: 'modern', protocolVersion: '2026-07-28' },
  ] as const)(
    '$era: server info, capabilities, instructions, version',
    async ({ protocol, era, protocolVersion }) => {
      await using server = inProcess(script);
      const { session } = await open(server, { protocol });
      expect(session.name).toBe('tested');
      expect(session.serverInfo).toMatchObject({ name: 'facts', version: '3.2.1', title: 'Facts' });
      expect(session.capabilities).toMatchObject({ tools: { listChanged: true } });
      expect(session.instructions).toBe('Ask nicely.');
      expect(session.protocolVersion).toBe(protocolVersion);
      expect(session.era).toBe(era);
      expect(session.client).toBeDefined();
      expect(session.status).toMatchObject({ state: 'ready', era, protocolVersion });
    },
  );

  it('this program introduces itself as this package and its version', async () => {
    await using server = inProcess({ era: 'legacy' });
    await open(server);
    const initialize = server.requests.find(({ method }) => method === 'initialize');
    expect(initialize?.params['clientInfo']).toMatchObject({
      name: manifest.name,
      version: manifest.version,
    });
  });

  it('this program introduces itself as it was told to', async () => {
    await using server = inProcess({ era: 'legacy' });
    await open(server, { clientInfo: { name: 'my-agent', version: '7.0.0' } });
    const initialize = server.requests.find(({ method }) => method === 'initialize');
    expect(initialize?.params['clientInfo']).toMatchObject({ name: 'my-agent', version: '7.0.0' });
  });
});

describe('S15 negotiation of the era', () => {
  it.each([
    { knows: 'both', speaks: 'modern' },
    { knows: 'modern', speaks: 'modern' },
    { knows: 'legacy', speaks: 'legacy' },
  ] as const)('a server that knows $knows is spoken to in $speaks', async ({ knows, speaks }) => {
    await using here = inProcess({ era: knows });
    await using there = await serveHttp({ era: knows });
    expect((await open(here)).session.era).toBe(speaks);
    expect((await open(there.url)).session.era).toBe(speaks);
    expect((await open(stdioSpec({ era: knows }))).session.era).toBe(speaks);
  });

  it('a pinned legacy session sends no probe', async () => {
    await using server = inProcess();
    const { session } = await open(server, { protocol: 'legacy' });
    expect(session.era).toBe('legacy');
    expect(server.requests.map(({ method }) => method)).toEqual(['initialize']);
  });

  it('an old server that drops the probe is opened all the same, within the connect timeout', async () => {
    const spec = stdioSpec({ era: 'legacy', faults: { ignoreDiscover: true } });
    const { session } = await open(spec, { connectTimeoutMs: 6_000 });
    expect(session.era).toBe('legacy');
  });

  it('an old server that exits on the probe is opened all the same', async () => {
    const { session } = await open(stdioSpec({ era: 'legacy', faults: { dieOnDiscover: true } }));
    expect(session.era).toBe('legacy');
  });
});
