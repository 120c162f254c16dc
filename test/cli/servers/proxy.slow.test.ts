import { describe, expect, it, onTestFinished } from 'vitest';
import { serveHttp } from '../../../src/testing/index.ts';
import { forwardProxy } from '../../transport/support/forward-proxy.ts';
import { configFile, plenum } from '../support/run-cli.ts';

async function served(): Promise<URL> {
  const server = await serveHttp({ tools: [{ name: 'echo' }] });
  onTestFinished(() => server.close());
  return new URL(server.url);
}

describe('plenum behind a proxy', () => {
  it('takes it from the environment, for a URL on the command line and for a file', async () => {
    const url = await served();
    for (const args of [
      ['tools', url.href],
      ['tools', '-c', configFile({ far: { url: url.href } })],
    ]) {
      const proxy = await forwardProxy();
      const { exitCode, stdout } = await plenum(args, { env: { http_proxy: proxy.url, no_proxy: '' } });
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringContaining('echo') });
      expect(proxy.asked).toContain(url.host);
    }
  });

  it('goes straight to the hosts of NO_PROXY', async () => {
    const url = await served();
    const proxy = await forwardProxy();
    const env = { http_proxy: proxy.url, no_proxy: '127.0.0.1' };
    expect(await plenum(['tools', url.href], { env })).toMatchObject({ exitCode: 0 });
    expect(proxy.asked).toEqual([]);
  });

  it('says that it leaves out a proxy that it cannot speak to', async () => {
    const url = await served();
    const env = { http_proxy: 'socks5://user:s3cret@127.0.0.1:9', no_proxy: '' };
    const { exitCode, stderr } = await plenum(['tools', url.href], { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.stringContaining('is not used') });
    expect(stderr).not.toContain('s3cret');
  });
});
