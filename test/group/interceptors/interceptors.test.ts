import { describe, expect, it } from 'vitest';
import type { Progress } from '@modelcontextprotocol/client';
import { PlenumError, SessionGroup } from '../../../src/index.ts';
import type {
  InterceptedCall,
  InterceptorNext,
  ToolInterceptor,
} from '../../../src/group/interceptors/interceptors.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { newGroup } from '../../support/groups.ts';
import { argumentsOf, intercepted, text } from './intercepted.ts';
import { local, requestsOf, tools } from '../../support/servers.ts';

/** Writes down when a call comes by, going in and coming out. */
function trace(name: string, lines: string[]): ToolInterceptor {
  return async ({ attempt }, next) => {
    lines.push(`${name} in, attempt ${attempt}`);
    const result = await next();
    lines.push(`${name} out`);
    return result;
  };
}

describe('interceptors are an onion', () => {
  it('the first is the outermost, and each sees the result of the one further in', async () => {
    const lines: string[] = [];
    const { group } = await intercepted([trace('a', lines), trace('b', lines), trace('c', lines)]);
    const result = await group.callTool('files__echo', { nr: 1 });
    expect(result.content).toEqual([{ type: 'text', text: '{"nr":1}' }]);
    expect(lines).toEqual([
      'a in, attempt 1',
      'b in, attempt 1',
      'c in, attempt 1',
      'c out',
      'b out',
      'a out',
    ]);
  });

  it('one that does not call next answers by itself: nobody further in sees the call, nor does the server', async () => {
    const lines: string[] = [];
    const { group, server } = await intercepted([() => text('from memory'), trace('inner', lines)]);
    expect(await group.callTool('files__count')).toEqual(text('from memory'));
    expect(lines).toEqual([]);
    expect(argumentsOf(server)).toEqual([]);
  });

  it('one that calls next again makes another attempt, which those further in can tell', async () => {
    const lines: string[] = [];
    const thrice: ToolInterceptor = async (_call, next) => {
      await next();
      await next();
      return next();
    };
    const { group } = await intercepted([trace('outer', lines), thrice, trace('inner', lines)]);
    const result = await group.callTool('files__count');
    expect(result).toMatchObject(text('3'));
    expect(lines.filter((line) => line.includes(' in'))).toEqual([
      'outer in, attempt 1',
      'inner in, attempt 1',
      'inner in, attempt 2',
      'inner in, attempt 3',
    ]);
    expect((await group.callTool('files__count')).content).toMatchObject(text('6').content);
    expect(lines.at(-2)).toBe('inner out');
    expect(lines.filter((line) => line === 'inner in, attempt 1')).toHaveLength(2);
  });

  it('one that calls next several times at once has all the answers', async () => {
    const { group } = await intercepted([
      async (_call, next) => {
        const results = await Promise.all([
          next({ args: { nr: 1 } }),
          next({ args: { nr: 2 } }),
          next({ args: { nr: 3 } }),
        ]);
        return { content: results.flatMap(({ content }) => content) };
      },
    ]);
    const { content } = await group.callTool('files__echo');
    expect(content.map((block) => block.type === 'text' && block.text)).toEqual([
      '{"nr":1}',
      '{"nr":2}',
      '{"nr":3}',
    ]);
  });

  it('many calls at a time do not mix', async () => {
    const { group } = await intercepted([
      async ({ args, attempt }, next) => next({ args: { ...args, attempt } }),
    ]);
    const calls = Array.from({ length: 200 }, async (_, nr) => {
      const { content } = await group.callTool('files__echo', { nr });
      expect(content).toEqual([{ type: 'text', text: JSON.stringify({ nr, attempt: 1 }) }]);
    });
    await Promise.all(calls);
  });
});

describe('interceptors see whom a call is for', () => {
  it('by server, tool, exposed name and definition, with arguments and options', async () => {
    const seen: InterceptedCall[] = [];
    const { group } = await intercepted([
      (call, next) => {
        seen.push(call);
        return next();
      },
    ]);
    await group.callTool('files__echo', { nr: 1 }, { meta: { trace: 't1' }, timeoutMs: 9_000 });
    await group.callTool('files__count');
    expect(seen[0]).toMatchObject({
      name: 'files__echo',
      server: 'files',
      tool: 'echo',
      args: { nr: 1 },
      options: { meta: { trace: 't1' }, timeoutMs: 9_000 },
      attempt: 1,
    });
    expect(seen[0]?.definition).toBe(group.tools.get('files__echo'));
    expect(seen[0]?.definition.annotations).toEqual({ readOnlyHint: true });
    expect(seen[0]?.signal.aborted).toBe(false);
    expect(seen[1]).toMatchObject({ tool: 'count', args: {}, options: {} });
  });

  it('and nothing of calls that are for nobody, or of anything else that a group does', async () => {
    const seen: string[] = [];
    const { group } = await intercepted([
      ({ name }, next) => {
        seen.push(name);
        return next();
      },
    ]);
    expect((await failureOf(group.callTool('files__ecko'))).code).toBe('UNKNOWN_TOOL');
    await group.session('files').callTool('echo');
    await group.refresh();
    await group.ping();
    expect(seen).toEqual([]);
  });

  it('of servers that come later as well', async () => {
    const seen: string[] = [];
    const group = newGroup({
      interceptors: [
        ({ server, tool }, next) => {
          seen.push(`${server} ${tool}`);
          return next();
        },
      ],
    });
    await group.add('late', { server: local({ tools: tools('echo') }) });
    await group.callTool('late__echo');
    expect(seen).toEqual(['late echo']);
  });
});

describe('interceptors change a call', () => {
  it('its arguments, for those further in and the server', async () => {
    const inner: unknown[] = [];
    const { group, server } = await intercepted([
      (call, next) => next({ ...call, args: { ...call.args, token: 'hidden' } }),
      ({ args }, next) => {
        inner.push(args);
        return next();
      },
    ]);
    const given = { path: 'a' };
    await group.callTool('files__echo', given);
    expect(inner).toEqual([{ path: 'a', token: 'hidden' }]);
    expect(argumentsOf(server)).toEqual(inner);
    expect(given).toEqual({ path: 'a' });
  });

  it('from what it was in the first place, each time that next is called', async () => {
    const { group, server } = await intercepted([
      async (_call, next) => {
        await next({ args: { nr: 1 } });
        return next();
      },
    ]);
    await group.callTool('files__echo', { nr: 0 });
    expect(argumentsOf(server)).toEqual([{ nr: 1 }, { nr: 0 }]);
  });

  it('its options: what is given is laid over what there is', async () => {
    const { group, server } = await intercepted([
      ({ options }, next) => next({ options: { meta: { ...options.meta, traceparent: '00-1' } } }),
    ]);
    const steps: Progress[] = [];
    const onProgress = (progress: Progress): unknown => steps.push(progress);
    await group.callTool('files__progress', {}, { meta: { user: 'ada' }, onProgress });
    expect(steps.map(({ progress }) => progress)).toEqual([1, 2, 3]);
    expect(requestsOf(server, 'tools/call')).toMatchObject([
      { params: { _meta: { user: 'ada', traceparent: '00-1' } } },
    ]);
  });

  it('a time limit for each attempt', async () => {
    const { group } = await intercepted([
      async (_call, next) => {
        const error = await failureOf(next({ options: { timeoutMs: 20 } }));
        return text(error.code);
      },
    ]);
    expect(await group.callTool('files__hang')).toEqual(text('TIMEOUT'));
  });

  it('its result', async () => {
    const { group } = await intercepted([
      async (_call, next) => {
        const { content, ...rest } = await next();
        return { ...rest, content: [...content, { type: 'text', text: 'checked' }] };
      },
    ]);
    const { content } = await group.callTool('files__echo');
    expect(content).toEqual([
      { type: 'text', text: '{}' },
      { type: 'text', text: 'checked' },
    ]);
  });
});

describe('errors pass through interceptors', () => {
  it('those of a server as they are, and the isError of a tool as a result', async () => {
    const lines: string[] = [];
    const { group } = await intercepted([trace('a', lines)]);
    const error = await failureOf(group.callTool('files__refuses'));
    expect(error).toMatchObject({ code: 'PROTOCOL', rpcCode: -32_050, server: 'files' });
    expect(lines).toEqual(['a in, attempt 1']);
    expect(await group.callTool('files__fails')).toMatchObject({ isError: true });
  });

  it('and can be caught there: another attempt, or another answer', async () => {
    const { group } = await intercepted([
      async (_call, next) => {
        try {
          return await next();
        } catch {
          return next();
        }
      },
      async ({ attempt }, next) => {
        if (attempt === 1) throw new Error('the first one always fails');
        return next();
      },
    ]);
    expect((await group.callTool('files__count')).content).toEqual([{ type: 'text', text: '1' }]);
  });

  it('a PlenumError that an interceptor throws is what the caller gets', async () => {
    const refusal = new PlenumError('INVALID_ARGUMENTS', 'Not on a Sunday.', { server: 'files' });
    const { group } = await intercepted([
      () => {
        throw refusal;
      },
    ]);
    expect(await failureOf(group.callTool('files__count'))).toBe(refusal);
  });

  it('anything else it throws is seen as it is by those further out, and becomes the cause of a PlenumError', async () => {
    class Refused extends Error {}
    const refused = new Refused('over budget');
    const caught: unknown[] = [];
    const { group, server } = await intercepted([
      async (_call, next) => {
        try {
          return await next();
        } catch (error) {
          caught.push(error);
          throw error;
        }
      },
      () => {
        throw refused;
      },
    ]);
    const error = await failureOf(group.callTool('files__count'));
    expect(caught).toEqual([refused]);
    expect(error).toMatchObject({
      code: 'PROTOCOL',
      server: 'files',
      cause: refused,
      maybeExecuted: false,
      message: 'Calling tool "count" on server "files": an interceptor threw: over budget.',
    });
    expect(argumentsOf(server)).toEqual([]);
  });

  it('one that comes after the tool has run says that it may have', async () => {
    const { group } = await intercepted([
      async (_call, next) => {
        await next();
        throw new Error('the log is full');
      },
    ]);
    expect((await failureOf(group.callTool('files__count'))).maybeExecuted).toBe(true);
  });

  it('an interceptor that returns no result is named', async () => {
    // JavaScript would let it pass.
    const forgetful: unknown = async (_call: InterceptedCall, next: InterceptorNext) => {
      await next();
    };
    const { group } = await intercepted([(_call, next) => next(), forgetful as ToolInterceptor]);
    const error = await failureOf(group.callTool('files__echo'));
    expect(error.code).toBe('INVALID_RESULT');
    expect(error.message).toContain('interceptors[1] returned no result');
  });

  it('arguments that are none are refused as without interceptors', async () => {
    const { group } = await intercepted([(_call, next) => next()]);
    const wrong: unknown = ['a'];
    const error = await failureOf(group.callTool('files__echo', wrong as Record<string, unknown>));
    expect(error.code).toBe('INVALID_ARGUMENTS');
  });
});

describe('the option "interceptors"', () => {
  it.each([
    ['no array', {}],
    ['no function', ['log']],
    ['a hole', [undefined]],
  ])('%s is CONFIG_INVALID', (_what, given: unknown) => {
    const interceptors = given as ToolInterceptor[];
    const error = thrownBy(() => new SessionGroup({ interceptors }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(error.message).toContain('interceptors');
  });

  it('is read once: the array is the caller’s', async () => {
    const lines: string[] = [];
    const given = [trace('a', lines)];
    const { group } = await intercepted(given);
    given.push(trace('b', lines));
    await group.callTool('files__echo');
    expect(lines).toEqual(['a in, attempt 1', 'a out']);
  });

  it('empty is as none', async () => {
    const { group } = await intercepted([]);
    expect((await group.callTool('files__echo')).content).toEqual([{ type: 'text', text: '{}' }]);
  });
});
