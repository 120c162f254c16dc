import { describe, expect, it } from 'vitest';
import * as auth from '../../src/auth/index.ts';
import * as config from '../../src/config/index.ts';
import * as gateway from '../../src/gateway/index.ts';
import * as main from '../../src/index.ts';
import * as testing from '../../src/testing/index.ts';
import * as toolkit from '../../src/toolkit/index.ts';
import * as trust from '../../src/trust/index.ts';

async function failure(call: () => unknown): Promise<unknown> {
  try {
    return void (await call());
  } catch (error) {
    return error;
  }
}

describe('C2 an exported function that is given nonsense', () => {
  const NAMED: [string, () => unknown, string][] = [
    [
      'textTokens',
      () => toolkit.textTokens(5 as never),
      'textTokens(): argument "text" must be a string, not 5.',
    ],
    [
      'portableSchema',
      () => toolkit.portableSchema({}, null as never),
      'portableSchema(): argument "dialect" must be a dialect, such as genericDialect, not null.',
    ],
    [
      'plainContent',
      () => toolkit.plainContent([] as never),
      'plainContent(): argument "result" must be a result of a tool, not an array.',
    ],
    [
      'contentPieces',
      () => toolkit.contentPieces(undefined as never),
      'contentPieces(): argument "result" must be a result of a tool, not nothing.',
    ],
    [
      'tokenEstimate',
      () => toolkit.tokenEstimate({} as never),
      'tokenEstimate(): argument "source" must be a group, a toolkit or another source of tools, not an object.',
    ],
    [
      'toolTokens',
      () => toolkit.toolTokens('a', undefined as never),
      'toolTokens(): argument "tool" must be a definition of a tool, not nothing.',
    ],
    [
      'ToolError',
      () => new toolkit.ToolError(null as never),
      'new ToolError(): argument "result" must be a result of a tool, not null.',
    ],
    [
      'Gateway',
      () => Reflect.construct(gateway.Gateway, []),
      'A gateway is made by createGateway(), not by "new".',
    ],
    [
      'importSources',
      () => config.importSources(null as never),
      'Options of importSources() must be an object, not null.',
    ],
    [
      'TcpProxy',
      () => testing.TcpProxy.listen(undefined as never),
      'Options of a TcpProxy must be an object, not nothing.',
    ],
    [
      'a TcpProxy without a host',
      () => testing.TcpProxy.listen({ target: { port: 1 } } as never),
      'Option "target.host" must be a non-empty string, not nothing.',
    ],
    [
      'stdioSpec',
      () => testing.stdioSpec({ scriptFile: 5 } as never),
      'A scripted server: argument "scriptFile" must be a non-empty string, not 5.',
    ],
    [
      'httpProcess',
      () => testing.httpProcess(null as never),
      'This is no server script: script must be an object.',
    ],
    [
      'fileLock',
      () => trust.fileLock(new URL('https://example.com')),
      'Option "path" must be a non-empty string or a file: URL, not a URL.',
    ],
    [
      'watchConfig',
      () => config.watchConfig(null as never, 'x'),
      'watchConfig(): argument "group" must be a group, not null.',
    ],
  ];

  it.each(NAMED)('%s names the argument', async (_, call, message) => {
    const error = await failure(call);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', message });
  });

  it('a getter or a proxy that throws is named, too', async () => {
    const shut = new Proxy(
      {},
      {
        get: () => {
          throw new Error('shut');
        },
        has: () => {
          throw new Error('shut');
        },
        ownKeys: () => {
          throw new Error('shut');
        },
        getPrototypeOf: () => {
          throw new Error('shut');
        },
      },
    );
    const CALLS = [
      () => new main.SessionGroup(shut),
      () => new main.SessionManager(shut),
      () =>
        main.SessionGroup.connect({
          servers: {
            a: {
              command: 'x',
              get args(): string[] {
                throw new Error('shut');
              },
            },
          },
        }),
      () => toolkit.createToolkit(shut as never),
      () => toolkit.textTokens(shut as never),
      () => auth.bearer(shut as never),
    ];
    for (const call of CALLS) expect(await failure(call)).toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
