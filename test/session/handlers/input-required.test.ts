import { acceptedContent, inputRequired, McpServer } from '@modelcontextprotocol/server';
import { describe, expect, it } from 'vitest';
import { inProcess, serveHttp, type ScriptedTool } from '../../../src/testing/index.ts';
import { open } from '../support/open.ts';
import { failureOf } from '../../support/failures.ts';
import { jsonOf, textOf } from '../../support/results.ts';

const form = { mode: 'form', message: 'Sure?', requestedSchema: { type: 'object', properties: {} } };
const tools: ScriptedTool[] = [
  { name: 'once', does: { type: 'elicit', params: form } },
  { name: 'thrice', does: { type: 'elicit', params: form, rounds: 3 } },
  { name: 'for-ever', does: { type: 'elicit', params: form, rounds: 1_000_000 } },
  { name: 'echo' },
];

const protocol = '2026-07-28';

function rounds(server: { requests: readonly { method: string }[] }): number {
  return server.requests.filter(({ method }) => method === 'tools/call').length;
}

describe('S15 input_required', () => {
  it('is fulfilled by the handlers, round after round', async () => {
    await using server = inProcess({ tools });
    let asked = 0;
    const { session } = await open(server, {
      onElicitation: () => {
        asked++;
        return { action: 'accept', content: { round: asked } };
      },
    });
    expect(jsonOf(await session.callTool('thrice'))).toEqual({ action: 'accept', content: { round: 3 } });
    expect(asked).toBe(3);
    expect(rounds(server)).toBe(4);
    const states = server.requests
      .filter(({ method }) => method === 'tools/call')
      .map(({ params }) => params['requestState']);
    expect(states).toEqual([undefined, 'round-1', 'round-2', 'round-3']);
  });

  it('is bounded: a server that asks for ever gets ten rounds', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, { protocol, onElicitation: () => ({ action: 'decline' }) });
    const error = await failureOf(session.callTool('for-ever'));
    expect(error.server).toBe('tested');
    expect(error.message).toContain('for-ever');
    expect(error.message).toContain('10');
    expect(rounds(server)).toBeLessThanOrEqual(11);
    expect(jsonOf(await session.callTool('echo', { a: 1 }))).toEqual({ a: 1 });
  });

  it('is bounded by maxInputRounds', async () => {
    await using server = inProcess({ tools });
    const options = { protocol, onElicitation: () => ({ action: 'decline' as const }) } as const;
    const { session: enough } = await open(server, { ...options, maxInputRounds: 3 });
    await expect(enough.callTool('thrice')).resolves.toBeDefined();
    const { session: short } = await open(server, { ...options, maxInputRounds: 2 });
    expect((await failureOf(short.callTool('thrice'))).message).toContain('thrice');
  });

  it('is handed to the caller on request, who answers it in the next call', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, { protocol });
    const first = await session.callTool('once', { a: 1 }, { allowInputRequired: true });
    expect(first).toMatchObject({
      resultType: 'input_required',
      inputRequests: { answer: { method: 'elicitation/create', params: { message: 'Sure?' } } },
      requestState: 'round-1',
    });
    expect(rounds(server)).toBe(1);
    const second = await session.callTool(
      'once',
      { a: 1 },
      {
        allowInputRequired: true,
        requestState: 'round-1',
        inputResponses: { answer: { action: 'accept', content: { by: 'hand' } } },
      },
    );
    expect(jsonOf(second as { content: unknown })).toEqual({ action: 'accept', content: { by: 'hand' } });
  });

  it('is handed to the caller although there is a handler', async () => {
    await using server = inProcess({ tools });
    let asked = 0;
    const onElicitation = (): { action: 'decline' } => {
      asked++;
      return { action: 'decline' };
    };
    const { session } = await open(server, { protocol, onElicitation });
    const result = await session.callTool('once', {}, { allowInputRequired: true });
    expect(result).toMatchObject({ resultType: 'input_required' });
    expect(asked).toBe(0);
  });

  it('an answer of the caller is taken up by the handlers for the rest', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      onElicitation: () => ({ action: 'accept', content: { by: 'handler' } }),
    });
    const inputResponses = { answer: { action: 'accept', content: { by: 'hand' } } };
    const result = await session.callTool('thrice', {}, { requestState: 'round-1', inputResponses });
    expect(jsonOf(result)).toEqual({ action: 'accept', content: { by: 'handler' } });
    expect(server.requests.find(({ method }) => method === 'tools/call')?.params).toMatchObject({
      requestState: 'round-1',
      inputResponses,
    });
  });

  it('rounds keep to the timeouts and the signal of the call', async () => {
    await using server = inProcess({ tools });
    const signals: AbortSignal[] = [];
    const { session } = await open(server, {
      protocol,
      onElicitation: ({ signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    const controller = new AbortController();
    const aborted = failureOf(session.callTool('once', {}, { signal: controller.signal }));
    await expect.poll(() => signals).toHaveLength(1);
    controller.abort();
    expect((await aborted).code).toBe('ABORTED');
    await expect.poll(() => signals[0]?.aborted).toBe(true);

    const options = { timeoutMs: 100, maxTotalTimeoutMs: 200 };
    expect((await failureOf(session.callTool('once', {}, options))).code).toBe('TIMEOUT');
    await expect.poll(() => signals[1]?.aborted).toBe(true);
  });

  it('a person may take longer to answer than a request may', async () => {
    await using server = inProcess({ tools });
    const { session } = await open(server, {
      protocol,
      timeoutMs: 200,
      onElicitation: async () => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return { action: 'accept', content: {} };
      },
    });
    expect(jsonOf(await session.callTool('once'))).toEqual({ action: 'accept', content: {} });
  });

  it.each(['json', 'sse'] as const)('over HTTP with %s answers', async (answers) => {
    await using server = await serveHttp({ tools }, { answers });
    const { session } = await open(server.url, { protocol, onElicitation: () => ({ action: 'decline' }) });
    expect(jsonOf(await session.callTool('thrice'))).toEqual({ action: 'decline' });
  });

  it('for a prompt and a resource of the official server, several questions at once', async () => {
    const ask = {
      confirm: inputRequired.elicit({
        message: 'Sure?',
        requestedSchema: { type: 'object', properties: {} },
      }),
      where: inputRequired.listRoots(),
    };
    const server = new McpServer({ name: 'asks', version: '1.0.0' });
    server.registerPrompt('greet', {}, (context) => {
      const { inputResponses } = context.mcpReq;
      if (acceptedContent(inputResponses, 'confirm') === undefined)
        return inputRequired({ inputRequests: ask });
      const text = JSON.stringify(inputResponses);
      return { messages: [{ role: 'user', content: { type: 'text', text } }] };
    });
    server.registerResource('memo', 'memo://one', {}, (uri, context) => {
      const { inputResponses } = context.mcpReq;
      if (acceptedContent(inputResponses, 'confirm') === undefined)
        return inputRequired({ inputRequests: ask });
      return { contents: [{ uri: uri.href, text: JSON.stringify(inputResponses) }] };
    });
    const { session } = await open(server, {
      onElicitation: () => ({ action: 'accept', content: {} }),
      onRoots: () => [{ uri: 'file:///work' }],
    });
    const { messages } = await session.getPrompt('greet');
    expect(JSON.stringify(messages)).toContain('file:///work');
    const { contents } = await session.readResource('memo://one');
    expect(textOf({ content: contents })).toContain('file:///work');
  });
});
