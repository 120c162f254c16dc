import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createApiKey } from '../../../src/gateway/index.ts';
import { startAuthorizationServer } from '../../support/sign-in/authorization-server.mjs';
import { startResourceServer } from '../../support/sign-in/resource-server.ts';
import { listening } from '../support.ts';
import { Browser } from './support.ts';

type Era = 'legacy' | 'modern';

async function clientOf(url: string, key: string, era: Era): Promise<Client> {
  const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new Client({ name: era, version: '1' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  onTestFinished(() => client.close());
  return client;
}

const names = async (client: Client): Promise<string[]> =>
  (await client.listTools()).tools.map(({ name }) => name).toSorted();

/** A server that shows each of its users tools of other names, behind a gateway. */
async function personal(toolsOf: (user: string) => readonly string[]) {
  const authorizationServer = await startAuthorizationServer();
  onTestFinished(() => authorizationServer.stop());
  const server = await startResourceServer({ issuer: authorizationServer.issuer, toolsOf });
  const [ann, ben] = [createApiKey('ann'), createApiKey('ben')];
  const { gateway, url } = await listening({
    servers: { own: { url: server.url, upstreamAuth: 'user' } },
    auth: { keys: [ann.record, ben.record] },
  });
  const signIn = async ({ record }: typeof ann, user: string): Promise<void> => {
    const { url: page, done } = await gateway.signIn(`key:${record.id}`, 'own');
    await new Browser().signIn(page, user);
    expect(await done).toBe(true);
  };
  return { gateway, url, ann, ben, signIn };
}

describe.each<Era>(['legacy', 'modern'])(
  'GW-I5 a server that lists by who asks, for clients of %s',
  (era) => {
    it('is never shown to one user as it lists for another', async () => {
      const { gateway, url, ann, ben, signIn } = await personal((user) => [`secret_of_${user}`, 'common']);
      const [annClient, benClient] = [await clientOf(url, ann.key, era), await clientOf(url, ben.key, era)];
      expect(await names(annClient)).toEqual(['own__sign_in']);
      await signIn(ann, 'ann');
      await expect.poll(() => gateway.group.catalog.tools.size, { timeout: 20_000 }).toBe(2);
      expect(await names(annClient)).toEqual(['own__common', 'own__secret_of_ann']);
      expect(await names(benClient)).toEqual(['own__sign_in']);

      await signIn(ben, 'ben');
      expect(await names(benClient)).toEqual(['own__common', 'own__secret_of_ben']);
      expect(await names(annClient)).toEqual(['own__common', 'own__secret_of_ann']);
      expect(await benClient.callTool({ name: 'own__secret_of_ben' })).toMatchObject({
        content: [{ text: 'secret_of_ben' }],
      });
      const foreign = await benClient
        .callTool({ name: 'own__secret_of_ann' })
        .catch((error: unknown) => error);
      expect(foreign instanceof Error || (foreign as { isError?: boolean }).isError).toBe(true);
      // A client that comes later is shown the same.
      expect(await names(await clientOf(url, ben.key, era))).toEqual(['own__common', 'own__secret_of_ben']);
      expect(await names(await clientOf(url, ann.key, era))).toEqual(['own__common', 'own__secret_of_ann']);

      await gateway.signOut(`key:${ben.record.id}`);
      expect(await names(benClient)).toEqual(['own__sign_in']);
      expect(await names(annClient)).toEqual(['own__common', 'own__secret_of_ann']);
    });

    it('is shown to each as it lists for it, also where both lists are the same', async () => {
      const { url, ann, ben, signIn } = await personal(() => ['read', 'write']);
      await signIn(ann, 'ann');
      const [annClient, benClient] = [await clientOf(url, ann.key, era), await clientOf(url, ben.key, era)];
      expect(await names(benClient)).toEqual(['own__sign_in']);
      await signIn(ben, 'ben');
      expect(await names(benClient)).toEqual(['own__read', 'own__write']);
      await expect.poll(() => names(annClient), { timeout: 20_000 }).toEqual(['own__read', 'own__write']);
    });

    it('is shown to nobody by what it listed for a user that has signed out', async () => {
      const { gateway, url, ann, ben, signIn } = await personal((user) => [`secret_of_${user}`]);
      await signIn(ann, 'ann');
      await expect.poll(() => gateway.group.catalog.tools.size, { timeout: 20_000 }).toBe(1);
      await gateway.signOut(`key:${ann.record.id}`);
      const benClient = await clientOf(url, ben.key, era);
      expect(await names(benClient)).toEqual(['own__sign_in']);
      await signIn(ben, 'ben');
      expect(await names(benClient)).toEqual(['own__secret_of_ben']);
    });
  },
);
