import { describe, expect, it } from 'vitest';
import { createGateway, type GatewayCluster } from '../../../src/gateway/index.ts';
import { failureOf } from '../../support/failures.ts';
import { SECRET } from './redis-server.ts';

describe('options of a cluster', () => {
  it.each<[string, Partial<GatewayCluster>]>([
    ['cluster.secrets', { secrets: [] }],
    ['cluster.secrets', { secrets: [SECRET, SECRET] }],
    ['cluster.secrets', { secrets: Array.from({ length: 11 }, (_, at) => `${SECRET} ${at}`) }],
    ['cluster.secrets[0]', { secrets: ['hunter2'] }],
    ['cluster.leaseMs', { leaseMs: 499 }],
    ['cluster.leaseMs', { leaseMs: Infinity }],
    ['cluster.url', { url: 'http://:hunter2@localhost' }],
    ['cluster.url', { url: ':hunter2@localhost:6379' }],
    ['cluster.url', { url: 'redis://:hunter2@localhost/name' }],
    ['cluster.url', { url: 'redis://' }],
    ['cluster.nodeId', { nodeId: 'a:b' }],
    ['cluster.nodeId', { nodeId: 'a'.repeat(65) }],
    ['cluster.prefix', { prefix: 'a b' }],
    ['cluster.advertise', { advertise: 'localhost:80' }],
  ])('name what is wrong: %s', async (option, wrong) => {
    const cluster = { url: 'redis://:hunter2@127.0.0.1:1', secrets: [SECRET], ...wrong };
    const error = await failureOf(createGateway({ servers: {}, cluster }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { option } });
    expect(`${JSON.stringify(error)}${error.stack}${String(error.cause)}`).not.toContain('hunter2');
  });

  it('need the URL of Redis', async () => {
    const error = await failureOf(createGateway({ servers: {}, cluster: { secrets: [SECRET] } }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { option: 'cluster.url' } });
  });
});
