import { buildConnector } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PlenumError } from '../../../src/errors/plenum-error.ts';
import { SocketPool } from '../../../src/transport/http/network/socket-pool.ts';
import { fetchThrough } from '../../../src/transport/http/network/pool-fetch.ts';
import { HttpPool } from '../../../src/transport/http/network/http-pool.ts';
import { StreamableHttpTransport } from '../../../src/transport/http/streamable-http-transport.ts';
import { recordingContext } from '../support/context.ts';
import { connectClient } from '../support/official-client.ts';
import { head, serveRaw, serveRawMcp } from '../support/raw-http.ts';
import { eventually } from '../../support/eventually.ts';

const FINE = head(200, { 'content-length': '4' }) + 'fine';

describe('C13 a POST that waits for a socket', () => {
  it('when its connection ends surely did not run; one that has a socket may have', async () => {
    const server = await serveRawMcp(() => {});
    const transport = new StreamableHttpTransport(
      { url: server.url, terminateSession: false },
      recordingContext(),
    );
    const { client } = await connectClient(transport);
    const sending = Array.from({ length: 1_100 }, (_, id) =>
      transport
        .send({ jsonrpc: '2.0', id: `call-${id}`, method: 'tools/call', params: { name: 'hang' } })
        .catch((error: unknown) => error),
    );
    const came = (): number => server.saw('tools/call').length;
    await eventually('the calls that have sockets', () => came() >= 1_000);
    await transport.destroy();
    const errors = await Promise.all(sending);
    const unsent = errors.filter((error) => error instanceof PlenumError && error.maybeExecuted === false);
    for (const error of errors) expect(error).toMatchObject({ code: 'CONNECTION_LOST' });
    expect(unsent.length).toBeGreaterThan(0);
    expect(unsent.length + came()).toBeLessThanOrEqual(1_100);
    await client.close();
  });
});

describe('T5 sockets to one server', () => {
  it('open by a limited number at a time, and every request is answered', async () => {
    const server = await serveRaw((_request, socket) => void socket.write(FINE));
    const connector = buildConnector({});
    let opening = 0;
    let most = 0;
    const pool = new SocketPool(server.origin, {
      connect: (target, done) => {
        most = Math.max(most, ++opening);
        connector(target, (...result) => {
          opening--;
          done(...result);
        });
      },
    });
    onTestFinished(() => pool.destroy());
    const http = new HttpPool({ origin: server.origin, openTimeoutMs: 10_000 });
    onTestFinished(() => http.destroy());
    http.dispatcherFor = () => pool;
    const fetch = fetchThrough(http);
    const texts = await Promise.all(
      Array.from({ length: 1_000 }, async () =>
        (await fetch(server.url, { method: 'POST', body: '{}' })).text(),
      ),
    );
    expect(new Set(texts)).toEqual(new Set(['fine']));
    expect(server.seen).toHaveLength(1_000);
    expect(most).toBeLessThanOrEqual(256);
  });

  it('that nobody opens fail every request, also those that waited', async () => {
    const server = await serveRaw(() => {});
    await server.stop();
    const pool = new HttpPool({ origin: server.origin, openTimeoutMs: 10_000 });
    onTestFinished(() => pool.destroy());
    const fetch = fetchThrough(pool);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 500 }, () => fetch(server.url, { method: 'POST', body: '{}' })),
    );
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(500);
  });
});
