import { describe, expect, it } from 'vitest';
import type { HandlerContext, Handlers } from '../../src/index.ts';
import type { ScriptedTool, ServerScript } from '../../src/testing/index.ts';
import { eventually } from '../support/eventually.ts';
import { EventLog } from '../support/event-log.ts';
import { connectGroup, newGroup } from '../support/groups.ts';
import { ERAS, http, local, PLACES, requestsOf, tools } from '../support/servers.ts';
import { gate } from '../support/raw-server.ts';
import { textOf } from '../support/results.ts';

const form = {
  message: 'Who are you?',
  requestedSchema: { type: 'object', properties: { who: { type: 'string' } } },
};

const ASKING: ScriptedTool[] = [
  { name: 'elicit', does: { type: 'elicit', params: form } },
  { name: 'sample', does: { type: 'sample', params: { messages: [], maxTokens: 10 } } },
  { name: 'roots', does: { type: 'roots' } },
];

/** Handlers that say who asked. */
const SPEAKING: Handlers = {
  onElicitation: ({ server }) => ({ action: 'accept', content: { who: server } }),
  onSampling: ({ server }) => ({
    role: 'assistant',
    model: 'm',
    content: { type: 'text', text: `for ${server}` },
  }),
  onRoots: ({ server }) => [{ uri: `file:///${server}` }],
};

describe.each(ERAS)('Handlers of the group (%s)', (era) => {
  const script: ServerScript = { era, tools: ASKING };

  it('serve every server, those added later too, and know which one asks', async () => {
    const group = await connectGroup({ servers: { first: { server: local(script) } }, ...SPEAKING });
    await group.add('later', { url: (await http(script)).url });
    for (const server of ['first', 'later']) {
      expect(textOf(await group.callTool(`${server}__elicit`))).toContain(`"who":"${server}"`);
      expect(textOf(await group.callTool(`${server}__sample`))).toContain(`for ${server}`);
      expect(textOf(await group.callTool(`${server}__roots`))).toContain(`file:///${server}`);
    }
  });

  it('give way to those in the spec, and these to those given to add()', async () => {
    const saying = (who: string): Handlers => ({
      onElicitation: () => ({ action: 'accept', content: { who } }),
    });
    const group = newGroup({ ...SPEAKING, ...saying('group') });
    await group.add('plain', { server: local(script) });
    await group.add('own', { server: local(script), ...saying('spec') });
    await group.add('given', { server: local(script), ...saying('spec') }, saying('add'));
    const answers = await Promise.all(
      ['plain', 'own', 'given'].map(async (server) => textOf(await group.callTool(`${server}__elicit`))),
    );
    expect(answers.map((text) => /"who":"(\w+)"/.exec(text)?.[1])).toEqual(['group', 'spec', 'add']);
    // What a server has no handler of its own for, the group's serves.
    expect(textOf(await group.callTool('own__sample'))).toContain('for own');
  });

  it('decide what each server is told that its client can do', async () => {
    const [without, withSampling] = [local(script), local(script)];
    await connectGroup({
      servers: {
        without: { server: without },
        with: { server: withSampling, onSampling: SPEAKING.onSampling ?? expect.fail() },
      },
    });
    const capabilities = ({ requests }: typeof without): unknown => {
      const greeting = requests.findLast(({ method }) =>
        ['initialize', 'server/discover', 'tools/list'].includes(method),
      );
      const meta = greeting?.params['_meta'] as Record<string, unknown> | undefined;
      const initialize = requests.find(({ method }) => method === 'initialize')?.params['capabilities'];
      return era === 'legacy' ? initialize : meta?.['io.modelcontextprotocol/clientCapabilities'];
    };
    expect(capabilities(without)).toEqual({});
    expect(capabilities(withSampling)).toEqual({ sampling: {} });
  });

  it('a server that asks what nobody serves is told so, and the call ends', async () => {
    const group = await connectGroup({ servers: { a: { server: local(script) } } });
    const outcome = await group.callTool('a__sample', {}, { timeoutMs: 10_000 }).then(
      (result) => JSON.stringify(result),
      (error: unknown) => String(error),
    );
    expect(outcome).toMatch(/not supported|sampling|Method not found/i);
    expect(outcome).not.toMatch(/timed? ?out|within 10000 ms/i);
  });

  it('one that throws is answered with an error, and reported with the name of the server', async () => {
    const group = await connectGroup({
      servers: { a: { server: local(script) }, b: { server: local(script) } },
      onElicitation: ({ server }) => {
        if (server === 'a') throw new Error('broken on purpose');
        return { action: 'decline' };
      },
    });
    const log = new EventLog(group);
    await group.callTool('a__elicit').catch(() => {});
    const { server, error } = await log.until('problem');
    expect([server, error.server]).toEqual(['a', 'a']);
    expect(error.message).toContain('broken on purpose');
    expect(textOf(await group.callTool('b__elicit'))).toContain('decline');
  });
});

describe('Handlers know whom they serve', () => {
  it('by name, session, request and signal; and may call the session', async () => {
    const contexts: HandlerContext[] = [];
    const server = local({ era: 'legacy', tools: [...ASKING, { name: 'echo' }] });
    const group = await connectGroup({
      servers: { a: { server } },
      onSampling: async (context) => {
        contexts.push(context);
        const { content } = await context.session.callTool('echo', { nested: true });
        return { role: 'assistant', model: 'm', content: { type: 'text', text: JSON.stringify(content) } };
      },
    });
    expect(textOf(await group.callTool('a__sample'))).toContain('nested');
    const [context] = contexts;
    expect(context?.server).toBe('a');
    expect(context?.session).toBe(group.session('a'));
    expect(context?.requestId).toBeDefined();
    expect(context?.signal.aborted).toBe(false);
  });

  it('a handler may call another server of the group', async () => {
    const group = await connectGroup({
      servers: {
        asks: { server: local({ tools: ASKING }) },
        helps: { server: local({ tools: tools('echo') }) },
      },
      onSampling: async () => {
        const { content } = await group.callTool('helps__echo', { helped: true });
        return { role: 'assistant', model: 'm', content: { type: 'text', text: JSON.stringify(content) } };
      },
    });
    expect(textOf(await group.callTool('asks__sample'))).toContain('helped');
  });

  it('the signal aborts when the server is lost', async () => {
    const asked = gate<AbortSignal>();
    const server = local({ era: 'legacy', tools: ASKING });
    const group = await connectGroup({
      servers: { a: { server } },
      onElicitation: ({ signal }) => {
        asked.open(signal);
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ action: 'cancel' }), { once: true });
        });
      },
    });
    const call = group.callTool('a__elicit').catch(() => 'lost');
    const signal = await asked.promise;
    server.crash();
    expect(await call).toBe('lost');
    await eventually('the handler is told', () => signal.aborted);
  });
});

describe('Elicitation or sampling answered to the wrong server when calls overlap', () => {
  it.each(ERAS)('in this process, 8 servers × 12 calls (%s)', async (era) => {
    const names = Array.from({ length: 8 }, (_, nr) => `s${nr}`);
    const servers = new Map(names.map((name) => [name, local({ era, tools: ASKING })]));
    let waiting = 0;
    const group = await connectGroup({
      servers: Object.fromEntries([...servers].map(([name, server]) => [name, { server }])),
      async onElicitation({ server }) {
        waiting++;
        // Later askers are answered first.
        await new Promise((resolve) => setTimeout(resolve, Math.max(1, 60 - waiting)));
        return { action: 'accept', content: { who: server } };
      },
    });
    const calls = Array.from({ length: 96 }, async (_, nr) => {
      const name = names[nr % names.length] ?? '';
      expect(textOf(await group.callTool(`${name}__elicit`, { nr }))).toContain(`"who":"${name}"`);
    });
    await Promise.all(calls);
    for (const server of servers.values()) {
      expect(new Set(requestsOf(server, 'tools/call').map(({ params }) => params['name']))).toEqual(
        new Set(['elicit']),
      );
    }
  });

  it('over every transport at once', async () => {
    const specs = await Promise.all(
      Object.entries(PLACES).map(
        async ([place, start]) => [place, (await start({ tools: ASKING })).spec] as const,
      ),
    );
    const group = await connectGroup({
      servers: Object.fromEntries(specs),
      strict: true,
      async onSampling({ server }) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        return { role: 'assistant', model: 'm', content: { type: 'text', text: `for ${server}` } };
      },
    });
    const calls = [...group.tools].flatMap(([key, { server, name }]) =>
      name === 'sample' ? Array.from({ length: 10 }, () => ({ key, server })) : [],
    );
    expect(calls).toHaveLength(60);
    await Promise.all(
      calls.map(async ({ key, server }) => {
        expect(textOf(await group.callTool(key))).toContain(`for ${server}"`);
      }),
    );
  });
});
