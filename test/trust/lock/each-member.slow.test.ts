import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import { fileLock } from '../../../src/trust/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { ERAS, http, requestsOf } from '../../support/servers.ts';
import { lockOf } from './support.ts';

const TOOL = {
  title: 'Write',
  description: 'Writes a file.',
  inputSchema: {
    type: 'object',
    properties: { path: { type: 'string', description: 'Where.' }, mode: { enum: ['a', 'w'] } },
    required: ['path'],
  },
  outputSchema: { type: 'object', properties: { bytes: { type: 'integer' } } },
  annotations: { title: 'Write', destructiveHint: true, readOnlyHint: false, idempotentHint: false },
};

type Place = readonly string[];

function leaves(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...at, key]));
}

function changed(value: unknown, [key, ...rest]: Place, to: (before: unknown) => unknown): unknown {
  if (key === undefined) return to(value);
  const copy: Record<string, unknown> = { ...(value as object) };
  copy[key] = changed(copy[key], rest, to);
  return Array.isArray(value) ? Object.values(copy) : copy;
}

/** Another value of the same type, so that the server stays within the protocol. */
function other(before: unknown): unknown {
  return typeof before === 'boolean' ? !before : `${String(before)} `;
}

// The type of a whole schema is always the same.
const PLACES = leaves(TOOL).filter((place) => !/^(?:in|out)putSchema\.type$/.test(place.join('.')));

describe.each(ERAS)(
  'H7 a server (%s) that changes one member of one definition after it was locked',
  (era) => {
    it('loses that tool, whichever member it is, and no other', async () => {
      const names = PLACES.map((place) => place.join('-'));
      const tools: ScriptedTool[] = names.map((name) => ({ name, ...TOOL }));
      const server = await http({ era, tools: [...tools, { name: 'stays' }] });
      const servers = { a: { url: server.url } };
      const path = await lockOf(servers);
      const altered = PLACES.map((place, nr) => changed(tools[nr], place, other) as ScriptedTool);
      server.setTools([...altered, { name: 'stays' }]);
      const group = await connectGroup({ servers, lock: fileLock(path) });
      expect([...group.tools.keys()]).toEqual(['a__stays']);
      for (const name of names) {
        const failed = await failureOf(group.session('a').callTool(name));
        expect([name, failed.code]).toEqual([name, 'DEFINITION_DRIFT']);
      }
      expect(requestsOf(server, 'tools/call')).toEqual([]);
      await group.callTool('a__stays');
    });
  },
);

describe('H7 a server that changes all the time', () => {
  it('is never called for what differs at that time', async () => {
    const server = await http({ tools: [{ name: 't', ...TOOL }, { name: 'stays' }] });
    const servers = { a: { url: server.url } };
    const group = await connectGroup({ servers, lock: fileLock(await lockOf(servers)) });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PLACES), fc.boolean(), async (place, isAltered) => {
        const tool = { name: 't', ...TOOL };
        server.setTools([
          isAltered ? (changed(tool, place, other) as ScriptedTool) : tool,
          { name: 'stays' },
        ]);
        // Asking for a list takes in that it has changed.
        await group.session('a').listTools();
        const before = requestsOf(server, 'tools/call').length;
        const outcome = await group
          .session('a')
          .callTool('t')
          .then(
            () => 'called',
            () => 'refused',
          );
        expect(outcome).toBe(isAltered ? 'refused' : 'called');
        expect(requestsOf(server, 'tools/call').length - before).toBe(isAltered ? 0 : 1);
      }),
      { numRuns: 40 },
    );
  });
});
