import { describe, expect, it } from 'vitest';
import { inProcess } from '../../src/testing/index.ts';
import { ERAS, connect, linked, newClient } from './support/clients.ts';

const script = { tools: [{ name: 'echo' }] };

describe.each(ERAS)('testing kit: a server in this process, $era', ({ mode }) => {
  it('can be connected again after it was closed, and remembers what was changed', async () => {
    const server = inProcess(script);
    const first = await connect(await linked(server), mode);
    const closed = new Promise<void>((resolve) => (first.onclose = resolve));
    server.setTools([{ name: 'new' }]);
    await server.close();
    await closed;
    const second = await connect(await linked(server), mode);
    expect((await second.listTools()).tools.map(({ name }) => name)).toEqual(['new']);
    expect(server.connections).toBe(2);
  });

  it('can be connected again after it crashed', async () => {
    const server = inProcess(script);
    const first = await connect(await linked(server), mode);
    const closed = new Promise<void>((resolve) => (first.onclose = resolve));
    server.crash();
    await closed;
    const second = await connect(await linked(server), mode);
    expect((await second.listTools()).tools).toHaveLength(1);
  });

  it('serves several clients at once, and forgets those that leave', async () => {
    const server = inProcess({ tools: [{ name: 'hang', does: { type: 'hang' } }] });
    const [one, other] = [
      await connect(await linked(server), mode),
      await connect(await linked(server), mode),
    ];
    await Promise.all([one.listTools(), other.listTools()]);
    const hanging = one.callTool({ name: 'hang' });
    await one.close();
    await expect(hanging).rejects.toThrow();
    expect(server.running).toBe(0);
    await other.listTools();
  });

  it('flaps: each life ends some time after its first connection', async () => {
    const server = inProcess({ ...script, faults: { flap: { afterMs: 50 } } });
    for (let life = 1; life <= 2; life++) {
      const client = await connect(await linked(server), mode);
      await new Promise<void>((resolve) => (client.onclose = resolve));
      expect(server.connections).toBe(life);
    }
  });
});

describe('testing kit: a server that flaps', () => {
  it('lives as long after a crash as before it', async () => {
    const server = inProcess({ ...script, faults: { flap: { afterMs: 400 } } });
    const first = await connect(await linked(server));
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.crash();
    const started = performance.now();
    const second = await connect(await linked(server));
    await new Promise<void>((resolve) => (second.onclose = resolve));
    expect(performance.now() - started).toBeGreaterThan(390);
    await first.close();
  });
});

describe('testing kit: the start of a server in this process', () => {
  it('may take its time, and be given up', async () => {
    const server = inProcess({ ...script, startDelayMs: 60_000 });
    const connecting = linked(server);
    await server.close();
    await expect(connecting).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('does not answer the handshake', async () => {
    const server = inProcess({ ...script, faults: { neverInitialize: true } });
    const client = newClient();
    await expect(client.connect(await linked(server), { timeout: 100 })).rejects.toThrow(/timed out/i);
  });

  it('dies on initialize', async () => {
    const server = inProcess({ ...script, faults: { dieOnInitialize: true } });
    await expect(connect(await linked(server))).rejects.toThrow(/closed/i);
  });
});
