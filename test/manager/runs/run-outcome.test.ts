import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionManager, type PlenumError } from '../../../src/index.ts';
import { inProcess } from '../../../src/testing/index.ts';

describe('M5 what a run that failed says of all its attempts', () => {
  it('a tool may have run in the first, and the second did not even connect: maybeExecuted is true', async () => {
    const server = inProcess({ tools: [{ name: 'pay', does: { type: 'crash' } }] });
    onTestFinished(() => server.close());
    let asked = 0;
    const manager = new SessionManager({
      servers: {
        shop: () => {
          if (++asked > 1) throw new Error('gone for today');
          return { server };
        },
      },
      retry: { attempts: 3, delayMs: 1 },
    });
    onTestFinished(() => manager.destroy());

    const run = manager.run('shop', (session) => session.callTool('pay'));
    const error: PlenumError = await run.then(
      () => expect.unreachable('a server that dies has not answered'),
      (reason: PlenumError) => reason,
    );

    expect(error).toMatchObject({ code: 'CONNECT_FAILED', maybeExecuted: true, attempts: 3 });
    expect(server.requests.filter(({ method }) => method === 'tools/call')).toHaveLength(1);
  });

  it('nothing was ever called: maybeExecuted is false', async () => {
    const manager = new SessionManager({
      servers: { shop: { command: 'no-such-program' } },
      retry: { attempts: 2, delayMs: 1 },
    });
    onTestFinished(() => manager.destroy());

    const run = manager.run('shop', (session) => session.callTool('pay'));

    await expect(run).rejects.toMatchObject({ code: 'CONNECT_FAILED', attempts: 2 });
    await expect(run).rejects.not.toMatchObject({ maybeExecuted: true });
  });

  it('the circuit opened in between: CIRCUIT_OPEN, with the attempts and what may have run', async () => {
    const server = inProcess({ tools: [{ name: 'pay', does: { type: 'crash' } }] });
    onTestFinished(() => server.close());
    const manager = new SessionManager({
      servers: { shop: { server } },
      retry: { attempts: 3, delayMs: 1, retryIf: () => true },
      circuit: { failures: 1, openMs: 60_000 },
    });
    onTestFinished(() => manager.destroy());

    const run = manager.run('shop', (session) => session.callTool('pay'));

    await expect(run).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', attempts: 3, maybeExecuted: true });
  });
});

describe('M5 a tool that dies, and whose server is asked whether it may run again', () => {
  const start = (attempts: number): { manager: SessionManager; pays: () => number } => {
    const server = inProcess({ tools: [{ name: 'pay', does: { type: 'crash' } }] });
    const manager = new SessionManager({
      servers: { shop: { server } },
      retry: { attempts, delayMs: 1 },
      circuit: { failures: 2, openMs: 60_000 },
    });
    onTestFinished(async () => {
      await manager.destroy();
      await server.close();
    });
    const pays = (): number => server.requests.filter(({ method }) => method === 'tools/call').length;
    return { manager, pays };
  };

  it.each([2, 3])(
    'one connection was lost: it counts once, and so does the attempt (of %i)',
    async (attempts) => {
      const { manager, pays } = start(attempts);
      const run = manager.run('shop', (session) => session.callTool('pay'));
      const error: PlenumError = await run.then(
        () => expect.unreachable('a server that dies has not answered'),
        (reason: PlenumError) => reason,
      );
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', maybeExecuted: true });
      expect(error.attempts).toBeUndefined();
      expect(pays()).toBe(1);
      expect(manager.stats().get('shop')?.circuit).toMatchObject({ state: 'closed' });
    },
  );
});
