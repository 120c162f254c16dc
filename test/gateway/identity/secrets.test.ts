import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiKey } from '../../../src/gateway/index.ts';
import { http, tools } from '../../support/servers.ts';
import { INITIALIZE, listening, openSession, post } from '../support.ts';
import { bearer, callOf, modernCall, tokenIssuer } from './support.ts';

/** Stands before a server, and notes the headers of what passes. */
async function recorder(target: string): Promise<{ url: string; headers: string[] }> {
  const headers: string[] = [];
  const server = createServer((incoming, outgoing) => {
    headers.push(...incoming.rawHeaders);
    const { method = 'GET' } = incoming;
    const onward = httpRequest(target, { method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`, headers };
}

describe('what a client shows', () => {
  it('S4 S7 reaches no server, no event, no status and no answer', async () => {
    const resource = 'https://mcp.example.com/mcp';
    const issuer = await tokenIssuer(resource);
    const upstream = await http({ tools: tools('echo') });
    const wire = await recorder(upstream.url);
    const ada = createApiKey('ada');
    const { gateway, url } = await listening({
      servers: { s: { url: wire.url } },
      auth: { keys: [ada.record], oauth: { issuer: issuer.issuer, resource } },
    });
    const events: unknown[] = [];
    const reading = (async () => {
      for await (const event of gateway.events()) events.push(event);
    })();
    const shown = [
      ada.key,
      await issuer.token(),
      createApiKey('x').key,
      await issuer.token({ aud: 'x' }),
      'opaque-canary',
    ];
    const answers: string[] = [];
    for (const token of shown) {
      const cookie = { cookie: `session=${token}`, 'x-api-key': token };
      const mine = { ...bearer(token), ...cookie };
      const opened = await post(url, INITIALIZE, mine);
      answers.push(await opened.text());
      if (!opened.ok) continue;
      const session = { ...mine, 'mcp-session-id': await openSession(url, mine) };
      answers.push(await (await post(url, callOf(1), session)).text());
      const [body, headers] = modernCall();
      answers.push(await (await post(url, body, { ...headers, ...mine })).text());
    }
    const clients = [...gateway.clients.values()];
    await gateway.close();
    await reading;
    const said = JSON.stringify({ log: upstream.requests, headers: wire.headers, events, clients, answers });
    expect(said).toContain('tools/call');
    expect(wire.headers.map((each) => each.toLowerCase())).not.toContain('authorization');
    for (const token of shown) expect(said).not.toContain(token);
  });
});
