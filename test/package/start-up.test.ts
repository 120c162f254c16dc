import { describe, expect, it } from 'vitest';
import { loadedPackages } from './loaded-packages.ts';

const OFFICIAL = ['@modelcontextprotocol/client', 'zod'];

/** Calls a tool of a scripted server; counts what that loads, and not what was loaded before. */
const call = (spec: string): string => `
  const { openSession } = await import(new URL('index.js', dist));
  const { serveHttp, stdioSpec } = await import(new URL('testing/index.js', dist));
  const script = { tools: [{ name: 'echo' }] };
  const server = await serveHttp(script);
  urls.length = 0;
  const session = await openSession(${spec});
  await session.callTool('echo', { text: 'hello' });
  await session.close();
  await server.close();
`;

describe('heavy packages are loaded when they are first needed', () => {
  it('none of them with the library itself', async () => {
    const packages = await loadedPackages(`await import(new URL('index.js', dist));`);
    expect(packages).toEqual(['fastest-levenshtein', 'p-limit', 'yocto-queue']);
  });

  it('with the first process, what speaks to processes', async () => {
    const packages = await loadedPackages(call('stdioSpec(script)'));
    expect(packages).toEqual(expect.arrayContaining(OFFICIAL));
    expect(packages).not.toContain('undici');
    expect(packages).not.toContain('ws');
  });

  it('with the first server behind a URL, what speaks HTTP', async () => {
    const packages = await loadedPackages(call('{ url: server.url }'));
    expect(packages).toEqual(expect.arrayContaining([...OFFICIAL, 'undici']));
    expect(packages).not.toContain('ws');
  });
});
