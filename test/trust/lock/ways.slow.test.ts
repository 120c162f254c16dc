import type { Client } from '@modelcontextprotocol/client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGateway, type Gateway } from '../../../src/gateway/index.ts';
import { openSession, SessionManager, type Session, type SessionGroup } from '../../../src/index.ts';
import type { ScriptedServer } from '../../../src/testing/index.ts';
import { aiSdkToolkit } from '../../../src/toolkit/ai-sdk/index.ts';
import { anthropicToolkit } from '../../../src/toolkit/anthropic/index.ts';
import { createToolkit, searchToolkit, serverChoiceToolkit } from '../../../src/toolkit/index.ts';
import { langchainToolkit } from '../../../src/toolkit/langchain/index.ts';
import { mcpToolkit } from '../../../src/toolkit/mcp/index.ts';
import { openaiToolkit } from '../../../src/toolkit/openai/index.ts';
import { fileLock } from '../../../src/trust/index.ts';
import { official } from '../../gateway/support.ts';
import { connectGroup, newGroup } from '../../support/groups.ts';
import { ERAS, http } from '../../support/servers.ts';
import { isRecord } from '../../../src/internal/checks.ts';
import { ALTERED, lockOf, SCRIPT } from './support.ts';

/** What a way may try with. The server lists what differs from the lock. */
interface Setting {
  readonly group: SessionGroup;
  /** The session of a lease. */
  readonly lease: Session;
  /** A session of a manager that is not pooled. */
  readonly fresh: Session;
  readonly gateway: Gateway;
  readonly client: (era: 'legacy' | 'modern') => Promise<Client>;
  /** Opened by the program, and given to a group with the lock. */
  readonly adopted: SessionGroup;
  /** A group without a lock, whose sessions come from a manager that has one. */
  readonly leasing: SessionGroup;
  /** A group with the lock, whose sessions come from a manager without one. */
  readonly lockedLeasing: SessionGroup;
  /** Opened with the lock. */
  readonly session: Session;
  readonly altered: SessionGroup['tools'] extends ReadonlyMap<string, infer Entry> ? Entry : never;
}

const SEEN = Symbol('seen');

/** Each way to something that was altered: it rejects, or resolves with {@link SEEN} when it was there. */
const WAYS: Record<string, (setting: Setting) => Promise<unknown>> = {};

function way(name: string, act: (setting: Setting) => Promise<unknown>): void {
  WAYS[name] = act;
}

/** A way that finds things: names that it must not find, and one that it must. */
function finds(
  name: string,
  find: (setting: Setting) => Promise<readonly string[]> | readonly string[],
): void {
  way(name, async (setting) => {
    const names = await find(setting);
    expect(names.some((each) => each.includes('stays'))).toBe(true);
    if (names.some((each) => each.includes('alters'))) return SEEN;
    throw new Error('not found');
  });
}

/** The same on each session that a program can have. */
const SESSIONS: Record<string, (setting: Setting) => Promise<Session>> = {
  'a session of a group': async ({ group }) => group.session('a'),
  'a session that was opened with a lock': async ({ session }) => session,
  'an adopted session': async ({ adopted }) => adopted.session('a'),
  'a session that a group leases': async ({ leasing }) => leasing.session('a'),
  'a session that a group with the lock leases': async ({ lockedLeasing }) => lockedLeasing.session('a'),
  'a lease of a manager': async ({ lease }) => lease,
  'a session of a manager': async ({ fresh }) => fresh,
};

function clientOf({ client }: Session): Client {
  if (client === undefined) throw new Error('It has no client.');
  return client;
}

for (const [what, sessionIn] of Object.entries(SESSIONS)) {
  const on = (name: string, act: (session: Session) => Promise<unknown>): void =>
    way(`${what}: ${name}`, async (setting) => act(await sessionIn(setting)));
  on('a call', (session) => session.callTool('alters'));
  on('a call by definition', (session) => session.callTool({ name: 'alters' }));
  on('a call as a raw request', (session) =>
    session.request({ method: 'tools/call', params: { name: 'alters' } }),
  );
  on('a call of its official client', (session) => clientOf(session).callTool({ name: 'alters' }));
  on('a prompt', (session) => session.getPrompt('alters'));
  on('a prompt as a raw request', (session) =>
    session.request({ method: 'prompts/get', params: { name: 'alters' } }),
  );
  on('a resource of a template', (session) => session.readResource('alters:1'));
  on('a resource as a raw request', (session) =>
    session.request({ method: 'resources/read', params: { uri: 'alters:1' } }),
  );
  on('a resource with the official client', (session) => clientOf(session).readResource({ uri: 'alters:1' }));
  on('a subscription', (session) => session.subscribeResource('alters:1'));
  on('a completion for a prompt', (session) =>
    session.complete({ type: 'ref/prompt', name: 'alters' }, { name: 'x', value: '' }),
  );
  on('a completion for a template', (session) =>
    session.complete({ type: 'ref/resource', uri: 'alters:{id}' }, { name: 'id', value: '' }),
  );
  const lists = (
    name: string,
    list: (session: Session) => Promise<readonly { readonly name: string }[]>,
  ): void =>
    finds(`${what}: ${name}`, async (setting) =>
      (await list(await sessionIn(setting))).map((each) => each.name),
    );
  lists('the tools', async (session) => (await session.listTools()).tools);
  lists('a page of tools', async (session) => (await session.listToolsPage()).tools);
  lists('the tools as a raw request', async (session) => {
    const { tools } = await session.request({ method: 'tools/list' });
    return tools as readonly { readonly name: string }[];
  });
  lists('the prompts', async (session) => (await session.listPrompts()).prompts);
  lists('a page of prompts', async (session) => (await session.listPromptsPage()).prompts);
  lists('the templates', async (session) => (await session.listResourceTemplates()).resourceTemplates);
  lists('the tools with its official client', async (session) => (await clientOf(session).listTools()).tools);
  lists('the tools as a request of its official client', async (session) => {
    const { tools } = await clientOf(session).request({ method: 'tools/list', params: {} });
    return tools;
  });
  lists(
    'the prompts with its official client',
    async (session) => (await clientOf(session).listPrompts()).prompts,
  );
  lists(
    'the templates with its official client',
    async (session) => (await clientOf(session).listResourceTemplates()).resourceTemplates,
  );
  lists(
    'a page of templates',
    async (session) => (await session.listResourceTemplatesPage()).resourceTemplates,
  );
}

const GROUPS: Record<string, (setting: Setting) => SessionGroup> = {
  'a group': ({ group }) => group,
  'a group with an adopted session': ({ adopted }) => adopted,
  'a group that leases': ({ leasing }) => leasing,
  'a group with the lock that leases': ({ lockedLeasing }) => lockedLeasing,
  'the group of a gateway': ({ gateway }) => gateway.group,
};

for (const [what, groupIn] of Object.entries(GROUPS)) {
  const on = (name: string, act: (group: SessionGroup, setting: Setting) => Promise<unknown>): void =>
    way(`${what}: ${name}`, async (setting) => act(groupIn(setting), setting));
  on('a call', (group) => group.callTool('a__alters'));
  on('a call by an entry of before', (group, { altered }) => group.callTool(altered));
  on('a prompt', (group) => group.getPrompt('a__alters'));
  on('a resource', (group) => group.readResource('alters:1'));
  on('a resource of a named server', (group) => group.readResource('alters:1', { server: 'a' }));
  on('a subscription', (group) => group.subscribeResource('alters:1'));
  on('a completion', (group) =>
    group.complete({ type: 'ref/prompt', name: 'a__alters' }, { name: 'x', value: '' }),
  );
  on('a completion for a template', (group) =>
    group.complete({ type: 'ref/resource', uri: 'alters:{id}' }, { name: 'id', value: '' }, undefined, {
      server: 'a',
    }),
  );
  const lists = (
    name: string,
    list: (group: SessionGroup) => Promise<readonly string[]> | readonly string[],
  ): void => finds(`${what}: ${name}`, (setting) => list(groupIn(setting)));
  lists('the tools', (group) => [...group.tools.keys()]);
  lists('the prompts', (group) => [...group.prompts.keys()]);
  lists('the catalog', (group) => [...group.catalog.tools.keys()]);
  lists('the templates', (group) => [...group.catalog.resourceTemplates.keys()]);
  lists('search', async (group) => {
    const hits = [...(await group.search('file alters')), ...(await group.search('stays'))];
    return hits.map(({ key }) => key);
  });
  lists('the tools after a refresh', async (group) => {
    await group.refresh();
    return [...group.tools.keys()];
  });
}

way('a toolkit', async ({ group }) => createToolkit(group).callTool('a__alters'));
finds('the tools of a toolkit', ({ group }) => [...createToolkit(group).tools.keys()]);
finds('a toolkit of a session', async ({ session }) => [...(await createToolkit(session)).tools.keys()]);
way('a search toolkit', async ({ group }) =>
  searchToolkit(group).callTool('call_tool', { name: 'a__alters', arguments: {} }),
);
way('a toolkit of chosen servers', async ({ group }) => serverChoiceToolkit(group).callTool('a__alters'));
finds('the AI SDK', ({ group }) => Object.keys(aiSdkToolkit(group).tools));
finds('Anthropic', ({ group }) => anthropicToolkit(group).tools.map(({ name }) => name));
finds('LangChain', ({ group }) => langchainToolkit(group).tools.map(({ name }) => name));
finds('another MCP server', ({ group }) => mcpToolkit(group).tools.map(({ name }) => name));
finds('OpenAI', ({ group }) => openaiToolkit(group).responses.tools.map((tool) => JSON.stringify(tool)));

for (const era of ERAS) {
  const on = (name: string, act: (client: Client) => Promise<unknown>): void =>
    way(`a gateway, ${era}: ${name}`, async ({ client }) => act(await client(era)));
  on('a call', (client) => client.callTool({ name: 'a__alters' }));
  on('a prompt', (client) => client.getPrompt({ name: 'a__alters' }));
  on('a resource', (client) => client.readResource({ uri: 'alters:1' }));
  on('a completion', (client) =>
    client.complete({ ref: { type: 'ref/prompt', name: 'a__alters' }, argument: { name: 'x', value: '' } }),
  );
  finds(`a gateway, ${era}: the tools`, async ({ client }) =>
    (await (await client(era)).listTools()).tools.map(({ name }) => name),
  );
  finds(`a gateway, ${era}: the prompts`, async ({ client }) =>
    (await (await client(era)).listPrompts()).prompts.map(({ name }) => name),
  );
}

const TOUCHED = new Set([
  'tools/call',
  'prompts/get',
  'resources/read',
  'resources/subscribe',
  'completion/complete',
]);

describe.each(ERAS)('GW-S6 H7 what differs from a lock, on a server of the era %s', (era) => {
  async function settingOf(
    server: ScriptedServer & { readonly url: string },
    path: string,
    onDrift: 'block' | 'warn' = 'block',
  ): Promise<Setting> {
    const lock = fileLock(path, { onDrift });
    const servers = { a: { url: server.url } };
    const manager = new SessionManager({ servers, lock });
    onTestFinished(() => manager.destroy());
    const group = await connectGroup({ servers, lock });
    const gateway = await createGateway({ servers, lock });
    onTestFinished(() => gateway.destroy());
    const { url } = await gateway.listen({ port: 0 });
    const [legacy, modern] = [official(url, 'legacy'), official(url, 'modern')];
    const adopted = newGroup({ lock });
    const own = await openSession(servers.a);
    onTestFinished(() => own.destroy());
    await adopted.adopt('a', own);
    const session = await openSession(servers.a, { lock, name: 'a' });
    onTestFinished(() => session.destroy());
    const leasing = await connectGroup({ servers: { a: { source: manager } } });
    const free = new SessionManager({ servers });
    onTestFinished(() => free.destroy());
    const lockedLeasing = await connectGroup({ servers: { a: { source: free } }, lock });
    const unlocked = await connectGroup({ servers });
    const altered = unlocked.tools.get('a__alters');
    if (altered === undefined) throw new Error('The server does not list it.');
    const lease = await manager.acquire('a');
    const fresh = await manager.openSession('a');
    return {
      group,
      lease: lease.session,
      fresh,
      gateway,
      client: (of) => (of === 'legacy' ? legacy : modern),
      adopted,
      leasing,
      lockedLeasing,
      session,
      altered,
    };
  }

  it('is reached by none of the ways, and no request for it is sent', async () => {
    const server = await http({ ...SCRIPT, era });
    const path = await lockOf({ a: { url: server.url } });
    server.setTools(ALTERED.tools);
    server.setPrompts(ALTERED.prompts);
    server.setResourceTemplates(ALTERED.resourceTemplates);
    const setting = await settingOf(server, path);
    const reached: string[] = [];
    for (const [name, act] of Object.entries(WAYS)) {
      const before = server.requests.length;
      const outcome = await act(setting).catch(refusalOf);
      const asked = server.requests.slice(before).some(({ method }) => TOUCHED.has(method));
      if (asked || !isRefused(outcome)) reached.push(`${name}: ${String(outcome)}`);
    }
    expect(reached).toEqual([]);
  });

  it('is reached by every way with `onDrift: warn`', async () => {
    const server = await http({ ...SCRIPT, era });
    const path = await lockOf({ a: { url: server.url } });
    server.setTools(ALTERED.tools);
    server.setPrompts(ALTERED.prompts);
    server.setResourceTemplates(ALTERED.resourceTemplates);
    const setting = await settingOf(server, path, 'warn');
    const refused: string[] = [];
    for (const [name, act] of Object.entries(WAYS)) {
      const outcome = await act(setting).catch(refusalOf);
      if (isRefused(outcome)) refused.push(name);
    }
    // An entry of another group is never taken, and a client is not given away where it cannot be checked.
    const never =
      /a call by an entry of before$|^a session that a group with the lock leases: .*official client$/;
    expect(refused.filter((name) => !never.test(name))).toEqual([]);
  });
});

/** A failure of the test itself is none of the way. */
function refusalOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'AssertionError' ? error : 'refused';
}

function isRefused(outcome: unknown): boolean {
  return outcome === 'refused' || (isRecord(outcome) && outcome['isError'] === true);
}
