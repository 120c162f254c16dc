import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type ConsentRequest } from '../../../src/config/index.ts';
import { scripted, watching } from '../support/watching.ts';
import { agreeTo, newUser } from '../support/consent.ts';
import { folderWith, writeTo } from '../support/files.ts';

const before = { mcpServers: { a: scripted() } };
const after = { mcpServers: { a: scripted(), b: scripted({ name: 'b' }) } };

describe('a watched file of a project that was found', () => {
  it('changes nothing until the change is agreed to, and then goes on by itself', async () => {
    const cwd = folderWith({ '.mcp.json': before });
    const file = join(cwd, '.mcp.json');
    const { env } = newUser();
    await agreeTo(file, env);
    // A copy, too, knows that its file was found.
    const { group, next } = await watching({ ...(await loadConfig({ cwd, env })) });
    writeTo(file, after);
    const { error } = await next('problem');
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', data: { consent: { file, reason: 'changed' } } });
    expect([...group.servers.keys()]).toEqual(['a']);
    await agreeTo(file, env);
    expect((await next('reloaded')).added).toEqual(['b']);
  });

  it('true does not agree to a change', async () => {
    const cwd = folderWith({ '.mcp.json': before });
    const { group, next } = await watching(await loadConfig({ cwd, env: newUser().env, consent: true }));
    writeTo(join(cwd, '.mcp.json'), after);
    expect((await next('problem')).error.data).toHaveProperty('consent');
    expect([...group.servers.keys()]).toEqual(['a']);
  });

  it('a function is asked about a change', async () => {
    const cwd = folderWith({ '.mcp.json': before });
    const asked: ConsentRequest[] = [];
    const consent = (request: ConsentRequest): boolean => asked.push(request) > 0;
    const { next } = await watching(await loadConfig({ cwd, env: newUser().env, consent }));
    expect((await next('reloaded')).added).toEqual(['a']);
    writeTo(join(cwd, '.mcp.json'), after);
    expect((await next('reloaded')).added).toEqual(['b']);
    expect(asked.map(({ isReload }) => isReload)).toEqual([false, true]);
  });
});
