import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionGroup } from '../../../src/index.ts';
import { loadConfig, watchConfig } from '../../../src/config/index.ts';
import { inProcess } from '../../../src/testing/index.ts';
import { bounded, eventually, settled } from '../../support/eventually.ts';
import { isRunning } from '../../support/processes.ts';
import { configFile, folderWith, writeTo } from '../support/files.ts';
import { refusalOf } from '../support/loading.ts';
import { pidOf, scripted, watching } from '../support/watching.ts';

const file = (mcpServers: object, plenum: object = {}): object => ({ mcpServers, plenum });
const BROKEN = { command: '/nowhere/no-such-program' };

describe('a group that is kept as a file says', () => {
  it('has what the file has, when the watch begins', async () => {
    const path = configFile(file({ a: scripted(), b: scripted() }));
    const { group, watch, events } = await watching(path);
    expect([...group.servers.keys()]).toEqual(['a', 'b']);
    expect(events).toMatchObject([{ type: 'reloaded', added: ['a', 'b'], changed: [], removed: [] }]);
    expect(watch.path).toBe(path);
  });

  it('only what changed is touched', async () => {
    const same = scripted();
    const path = configFile(file({ same, changed: scripted(), gone: scripted() }));
    const { group, next } = await watching(path);
    await next('reloaded');
    const pids = {
      same: await pidOf(group, 'same'),
      changed: await pidOf(group, 'changed'),
      gone: await pidOf(group, 'gone'),
    };
    const inFlight = group.callTool('same__slow', { n: 1 });

    writeTo(path, file({ added: scripted(), changed: { ...scripted(), env: { A: '1' } }, same }));
    const event = await next('reloaded');
    expect(event).toMatchObject({
      added: ['added'],
      changed: ['changed'],
      removed: ['gone'],
      groupOptionsChanged: false,
      gatewayOptionsChanged: false,
    });
    expect(event.failed.size).toBe(0);
    expect([...group.servers.keys()].toSorted()).toEqual(['added', 'changed', 'same']);
    expect((await inFlight).isError).not.toBe(true);
    expect(await pidOf(group, 'same')).toBe(pids.same);
    expect(await pidOf(group, 'changed')).not.toBe(pids.changed);
    expect([isRunning(pids.changed), isRunning(pids.gone)]).toEqual([false, false]);
  });

  it('calls under way on what changes or goes are waited for', async () => {
    const path = configFile(file({ changed: scripted(), gone: scripted() }));
    const { group, next } = await watching(path);
    await next('reloaded');
    const calls = [group.callTool('changed__slow', { n: 1 }), group.callTool('gone__slow', { n: 2 })];
    writeTo(path, file({ changed: { ...scripted(), timeoutMs: 5_000 } }));
    await next('reloaded');
    const results = await Promise.all(calls);
    expect(results.map(({ isError }) => isError === true)).toEqual([false, false]);
  });

  it('a change of comments and layout touches nothing and is no news', async () => {
    const content = file({ a: scripted() });
    const path = configFile(content);
    const { group, watch, events } = await watching(path);
    const pid = await pidOf(group, 'a');
    const before = watch.config;
    writeTo(path, `// a comment\n${JSON.stringify(content)}`);
    await eventually('another reading', () => watch.config !== before);
    expect(await pidOf(group, 'a')).toBe(pid);
    expect(events).toHaveLength(1);
  });

  it('a renamed server is opened when its former self has gone', async () => {
    const spec = scripted();
    const path = configFile(file({ before: spec }));
    const { group, next } = await watching(path);
    await next('reloaded');
    const former = await pidOf(group, 'before');
    const opened = new Promise<boolean>((resolve) => {
      const stop = group.events();
      void (async () => {
        for await (const event of stop) {
          if (event.type === 'server-added') return resolve(isRunning(former));
        }
      })();
    });
    writeTo(path, file({ after: spec }));
    expect(await next('reloaded')).toMatchObject({ added: ['after'], removed: ['before'] });
    expect(await opened).toBe(false);
  });

  it('servers that did not come from the file are left alone', async () => {
    const group = new SessionGroup();
    await group.add('mine', { server: inProcess({ tools: [{ name: 't' }] }) });
    const path = configFile(file({ a: scripted() }));
    const { next } = await watching(path, group);
    await next('reloaded');
    writeTo(path, file({}));
    expect(await next('reloaded')).toMatchObject({ removed: ['a'] });
    expect([...group.servers.keys()]).toEqual(['mine']);
  });

  it('a server that the program has removed by itself is no trouble', async () => {
    const path = configFile(file({ a: scripted(), b: scripted() }));
    const { group, next } = await watching(path);
    await next('reloaded');
    await group.remove('a');
    writeTo(path, file({ b: { ...scripted(), timeoutMs: 5 } }));
    const event = await next('reloaded');
    expect(event).toMatchObject({ changed: ['b'], removed: ['a'] });
    expect(event.failed.size).toBe(0);
  });

  it('a change of what holds for the whole group is told', async () => {
    const servers = { a: scripted() };
    const path = configFile(file(servers));
    const { next } = await watching(path);
    await next('reloaded');
    writeTo(path, file(servers, { timeoutMs: 5 }));
    expect(await next('reloaded')).toMatchObject({
      added: [],
      changed: [],
      removed: [],
      groupOptionsChanged: true,
      gatewayOptionsChanged: false,
    });
    writeTo(path, { ...file(servers, { timeoutMs: 5 }), gateway: { hosts: ['a.example'] } });
    expect(await next('reloaded')).toMatchObject({
      changed: [],
      groupOptionsChanged: false,
      gatewayOptionsChanged: true,
    });
  });
});

describe('a configuration that the group was connected with', () => {
  it('is taken for what the group has', async () => {
    const path = configFile(file({ a: scripted() }));
    const config = await loadConfig(path);
    const group = await SessionGroup.connect(config);
    onTestFinished(() => group.destroy());
    const pid = await pidOf(group, 'a');
    const { events } = await watching(config, group);
    expect(events).toEqual([]);
    expect(await pidOf(group, 'a')).toBe(pid);
  });

  it('that has changed since it was read is caught up with', async () => {
    const path = configFile(file({ a: scripted() }));
    const config = await loadConfig(path);
    const group = await SessionGroup.connect(config);
    writeTo(path, file({ b: scripted() }));
    const { events } = await watching(config, group);
    expect(events).toMatchObject([{ type: 'reloaded', added: ['b'], removed: ['a'] }]);
  });

  it('keeps its environment and the answers that were given', async () => {
    const asked: string[] = [];
    const path = configFile({
      inputs: [
        { id: 'one', type: 'promptString' },
        { id: 'two', type: 'promptString' },
      ],
      servers: { a: { ...scripted(), env: { ONE: '${input:one}', FROM: '${FROM}' } } },
    });
    const config = await loadConfig({
      path,
      env: { FROM: 'here' },
      prompt: ({ id }) => {
        asked.push(id);
        return `answer ${id}`;
      },
    });
    const group = await SessionGroup.connect(config);
    const { next, watch } = await watching(config, group);
    writeTo(path, {
      inputs: [
        { id: 'one', type: 'promptString' },
        { id: 'two', type: 'promptString' },
      ],
      servers: { a: { ...scripted(), env: { ONE: '${input:one}', TWO: '${input:two}', FROM: '${FROM}' } } },
    });
    expect(await next('reloaded')).toMatchObject({ changed: ['a'] });
    expect(asked).toEqual(['one', 'two']);
    expect(watch.config.servers['a']).toMatchObject({
      env: { ONE: 'answer one', TWO: 'answer two', FROM: 'here' },
    });
  });
});

describe('a file that cannot be used', () => {
  it('changes nothing, is reported, and counts again when it is mended', async () => {
    const servers = { a: scripted() };
    const path = configFile(file(servers));
    const { group, next, watch } = await watching(path);
    await next('reloaded');
    const pid = await pidOf(group, 'a');
    const config = watch.config;
    writeTo(path, '{ "mcpServers": {');
    expect((await next('problem')).error).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await pidOf(group, 'a')).toBe(pid);
    expect(watch.config).toBe(config);
    writeTo(path, file(servers));
    expect(await next('reloaded')).toMatchObject({ added: [], changed: [], removed: [] });
    expect(await pidOf(group, 'a')).toBe(pid);
  });

  it('removed: nothing changes; there again: it counts', async () => {
    const path = configFile(file({ a: scripted() }));
    const { group, next } = await watching(path);
    await next('reloaded');
    rmSync(dirname(path), { recursive: true });
    expect((await next('problem')).error.message).toContain('there is no such file');
    expect([...group.servers.keys()]).toEqual(['a']);
    writeTo(path, file({ b: scripted() }));
    expect(await next('reloaded')).toMatchObject({ added: ['b'], removed: ['a'] });
  });

  it('at the beginning is refused', async () => {
    const group = new SessionGroup();
    onTestFinished(() => group.close());
    const error = await refusalOf(watchConfig(group, configFile('{')));
    expect(error.message).toContain('expected a closing brace }');
  });

  it.each([{ intervalMs: -1 }, { settleMs: Number.NaN }])(
    'nor are options that are none: %j',
    async (options) => {
      const group = new SessionGroup();
      onTestFinished(() => group.close());
      const error = await refusalOf(watchConfig(group, configFile(file({})), options));
      expect(error.message).toContain('must be a number of milliseconds');
    },
  );
});

describe('a server that does not open', () => {
  it('is reported, costs the others nothing, and is tried again with the next change', async () => {
    const path = configFile(file({ good: scripted() }));
    const { group, next } = await watching(path);
    await next('reloaded');
    writeTo(path, file({ good: scripted(), bad: BROKEN, other: scripted() }));
    const first = await next('reloaded');
    expect(first.added).toEqual(['other']);
    expect(first.failed.get('bad')).toMatchObject({ code: 'CONNECT_FAILED', server: 'bad' });
    writeTo(path, file({ good: scripted(), bad: BROKEN, other: scripted() }, { timeoutMs: 5_000 }));
    expect([...(await next('reloaded')).failed.keys()]).toEqual(['bad']);
    writeTo(path, file({ good: scripted(), bad: scripted(), other: scripted() }, { timeoutMs: 5_000 }));
    expect(await next('reloaded')).toMatchObject({ added: ['bad'], changed: [] });
    expect([...group.servers.keys()]).toEqual(['good', 'other', 'bad']);
  });

  it('one that changed for the worse is gone, and comes back with the next change', async () => {
    const path = configFile(file({ a: scripted() }));
    const { group, next } = await watching(path);
    await next('reloaded');
    writeTo(path, file({ a: BROKEN }));
    expect([...(await next('reloaded')).failed.keys()]).toEqual(['a']);
    expect(group.servers.size).toBe(0);
    writeTo(path, file({ a: scripted() }));
    expect(await next('reloaded')).toMatchObject({ added: ['a'] });
  });

  it('a name that the program has taken for itself is reported', async () => {
    const group = new SessionGroup();
    const path = configFile(file({}));
    const { next } = await watching(path, group);
    await group.add('a', { server: inProcess({}) });
    writeTo(path, file({ a: scripted() }));
    expect((await next('reloaded')).failed.get('a')).toMatchObject({ code: 'NAME_COLLISION' });
  });
});

describe('ways in which editors write', () => {
  it('a new file is renamed over the old one', async () => {
    const path = configFile(file({ a: scripted() }));
    const { next } = await watching(path);
    await next('reloaded');
    for (const name of ['b', 'c']) {
      renameSync(writeTo(`${path}.tmp`, file({ [name]: scripted() })), path);
      expect(await next('reloaded')).toMatchObject({ added: [name] });
    }
  });

  it('the file is moved aside, and a new one is written', async () => {
    const path = configFile(file({ a: scripted() }));
    const { next } = await watching(path);
    await next('reloaded');
    renameSync(path, `${path}~`);
    writeTo(path, file({ b: scripted() }));
    expect(await next('reloaded')).toMatchObject({ added: ['b'], removed: ['a'] });
  });

  it.runIf(process.platform !== 'win32')('a link is turned to another file', async () => {
    const folder = folderWith({
      '1/plenum.json': file({ a: scripted() }),
      '2/plenum.json': file({ b: scripted() }),
    });
    symlinkSync(join(folder, '1'), join(folder, 'current'));
    const { next } = await watching(join(folder, 'current/plenum.json'));
    await next('reloaded');
    symlinkSync(join(folder, '2'), join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'current'));
    expect(await next('reloaded')).toMatchObject({ added: ['b'], removed: ['a'] });
  });

  it('many changes one upon the other end in the last one, one reload after the other', async () => {
    const path = configFile(file({}));
    const { group, watch } = await watching(path);
    const reloads: Promise<void>[] = [];
    for (let round = 0; round < 20; round++) {
      writeTo(path, file({ [`s${round % 3}`]: scripted({ version: `1.0.${round}` }) }));
      reloads.push(watch.reload());
    }
    await bounded('the reloads', Promise.all(reloads));
    await eventually('the last state', () => [...group.servers.keys()].join() === 's1');
    expect(await settled(() => [...group.servers.keys()].join(), 200)).toBe('s1');
  });
});

describe('the end of a watch', () => {
  it('the group stays as it is, and events end', async () => {
    const path = configFile(file({ a: scripted() }));
    const { group, watch } = await watching(path);
    const events = watch.events();
    await watch.close();
    await watch.close();
    expect((await bounded('the end of events', events.next())).done).toBe(true);
    const config = watch.config;
    writeTo(path, file({}));
    await watch.reload();
    await settled(() => group.servers.size, 150);
    expect([...group.servers.keys()]).toEqual(['a']);
    expect(watch.config).toBe(config);
  });

  it('waits for what is under way', async () => {
    const path = configFile(file({ a: scripted() }));
    const { group, watch } = await watching(path);
    writeTo(path, file({ b: scripted({ startDelayMs: 200 }) }));
    const reload = watch.reload();
    await watch.close();
    await reload;
    expect([...group.servers.keys()]).toEqual(['b']);
  });

  it('leaves its scope with it', async () => {
    const group = new SessionGroup();
    onTestFinished(() => group.close());
    let events: AsyncIterator<unknown>;
    {
      await using watch = await watchConfig(group, configFile(file({})));
      events = watch.events();
    }
    expect((await events.next()).done).toBe(true);
  });

  it('a group that is closed meanwhile is no trouble', async () => {
    const path = configFile(file({ a: scripted() }));
    const { group, watch, next } = await watching(path);
    await next('reloaded');
    await group.close();
    writeTo(path, file({ b: scripted() }));
    expect((await next('reloaded')).failed.get('b')).toMatchObject({ code: 'SESSION_CLOSED' });
    await bounded('close', watch.close());
  });
});
