import { describe, expect, it } from 'vitest';
import type { ReadConfig } from '../../../src/config/config.ts';
import { applyServers, type WatchedGroup } from '../../../src/config/watch/apply-servers.ts';

describe('servers with the names of members of every object', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'])(
    '"%s", which the file wants and cannot be used, is not taken from the prototype',
    async (name) => {
      const added: string[] = [];
      const group: WatchedGroup = {
        servers: new Map(),
        add: async (server) => void added.push(server),
        remove: async () => {},
      };
      const config = { servers: { a: { command: 'a' } }, broken: {}, disabled: [], warnings: [], path: 'x' };
      const plain = {
        servers: new Map([
          [name, {}],
          ['a', {}],
        ]),
      };
      const applied = await applyServers(group, new Map(), { config, plain } as unknown as ReadConfig);
      expect(added).toEqual(['a']);
      expect(applied).toMatchObject({ added: ['a'], changed: [], removed: [] });
      expect(applied.failed.size).toBe(0);
    },
  );
});
