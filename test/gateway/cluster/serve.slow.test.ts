import { resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { McpServer } from '@modelcontextprotocol/server';
import { createGateway, type Gateway } from '../../../src/gateway/index.ts';
import { stdioSpec } from '../../../src/testing/index.ts';
import { configFile, plenum } from '../../cli/support/run-cli.ts';
import { runNode, packageRoot } from '../../package/run.ts';
import { hasRedis, SECRET, TestRedis } from './redis-server.ts';
import { serveNode } from './serving-node.ts';

const servers = { a: stdioSpec({ tools: [{ name: 'a' }] }) };

/** A node in this process, which shows who the others are. */
async function watching(redis: TestRedis): Promise<Gateway> {
  const gateway = await createGateway({
    servers: { a: { server: () => new McpServer({ name: 'a', version: '1' }) } },
    cluster: { url: redis.url, secrets: [SECRET], nodeId: 'watching' },
  });
  onTestFinished(() => gateway.destroy());
  return gateway;
}

function idsOf(gateway: Gateway): string[] {
  return gateway
    .nodes()
    .map(({ id }) => id)
    .toSorted();
}

describe.skipIf(!hasRedis)('plenum serve as a node', () => {
  it('is one with the URL of the command line, and leaves with SIGTERM', async () => {
    const redis = await TestRedis.start();
    const gateway = await watching(redis);
    const options = { args: ['--cluster', redis.url], env: { SECRET } };
    const node = serveNode(servers, { secrets: ['${SECRET}'], nodeId: 'served' }, options);
    await node.url();
    await expect.poll(() => idsOf(gateway)).toEqual(['served', 'watching']);
    await node.end('SIGTERM');
    await expect.poll(() => idsOf(gateway)).toEqual(['watching']);
  });

  it('is gone a lease after it was killed, and may come again at once under its id', async () => {
    const redis = await TestRedis.start();
    const gateway = await watching(redis);
    const cluster = { url: redis.url, secrets: [SECRET], nodeId: 'served' };
    const node = serveNode(servers, cluster);
    await node.url();
    await node.end('SIGKILL');
    await serveNode(servers, cluster).url();
    await expect.poll(() => idsOf(gateway)).toEqual(['served', 'watching']);
  });

  it('that froze gives its id back to one that took it', async () => {
    const redis = await TestRedis.start();
    const cluster = { url: redis.url, secrets: [SECRET], nodeId: 'served' };
    const frozen = serveNode(servers, cluster);
    await frozen.url();
    frozen.child.kill('SIGSTOP');
    const next = serveNode(servers, cluster);
    await next.url();
    frozen.child.kill('SIGCONT');
    await expect.poll(() => frozen.said()).toContain('There is a node "served" in the cluster already');
    expect(next.said()).not.toContain('There is a node');
  });

  it('speaks TLS with Redis', async () => {
    const tls = resolve(import.meta.dirname, '../../fixtures/tls');
    const redis = await TestRedis.start(
      '--port',
      '0',
      '--tls-auth-clients',
      'no',
      '--tls-cert-file',
      `${tls}/server.pem`,
      '--tls-key-file',
      `${tls}/server-key.pem`,
    );
    const url = `rediss://localhost:${redis.tlsPort}`;
    const node = serveNode(
      servers,
      { url, secrets: [SECRET] },
      { env: { NODE_EXTRA_CA_CERTS: `${tls}/authority.pem` } },
    );
    await node.url();
    const config = configFile(servers, { gateway: { cluster: { url, secrets: [SECRET] } } });
    const refused = await plenum(['serve', '--port', '0', '-c', config]);
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('Connecting to Redis');
  });

  it('never shows the password of Redis', async () => {
    const redis = await TestRedis.start('--requirepass', 'hunter2');
    const url = redis.url.replace('//', '//default:hunter2@');
    const node = serveNode(servers, { url, secrets: [SECRET] }, { args: ['--verbose'] });
    await node.url();
    await redis.stop();
    await expect.poll(() => node.said()).toContain('The connection to Redis at');
    expect(node.said()).not.toContain('hunter2');
    for (const cluster of [url, redis.url.replace('//', '//default:hunter2@nohost.invalid:')]) {
      const config = configFile(servers, { gateway: { cluster: { secrets: [SECRET] } } });
      const { exitCode, stderr } = await plenum(['serve', '--port', '0', '-c', config, '--cluster', cluster]);
      expect(exitCode).not.toBe(0);
      expect(stderr).not.toContain('hunter2');
    }
  });

  it('is refused without secrets', async () => {
    const { exitCode, stderr } = await plenum([
      'serve',
      '--port',
      '0',
      '-c',
      configFile(servers),
      '--cluster',
      'redis://localhost',
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('"gateway.cluster"');
  });
});

describe('the package redis', () => {
  const program = (cluster: string, before: string): string => `
    ${before}
    const { createGateway } = await import(${JSON.stringify(`file://${packageRoot}/dist/gateway/index.js`)});
    const gateway = await createGateway({ servers: {}, ${cluster} }).catch((error) => error);
    console.log(gateway.code ?? 'made', gateway.message ?? '');
    await gateway.close?.();`;
  // As where it is not installed.
  const hidden = `
    const { register } = await import('node:module');
    register('data:text/javascript,' + encodeURIComponent(\`
      export const resolve = (name, context, next) => {
        if (name === 'redis') throw Object.assign(new Error('Cannot find it'), { code: 'ERR_MODULE_NOT_FOUND' });
        return next(name, context);
      };\`));`;
  const run = (text: string): Promise<string> =>
    runNode(['--input-type=module', '--eval', text], packageRoot);

  it('is named, with how to install it, where it is missing', async () => {
    const cluster = `cluster: { url: 'redis://localhost', secrets: ['${SECRET}'] }`;
    expect(await run(program(cluster, hidden))).toMatch(/^CONFIG_INVALID .*npm install redis/);
  });

  it('is not needed without a cluster', async () => {
    expect(await run(program('', hidden))).toMatch(/^made/);
  });
});
