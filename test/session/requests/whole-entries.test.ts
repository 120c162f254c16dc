import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { local, http } from '../../support/servers.ts';
import { open } from '../support/open.ts';

/** Members of later revisions, with any values; names of members that a definition has are left out. */
const members = fc.dictionary(
  fc.constantFrom('odd', 'x-vendor', 'later', 'constructor', 'toString', ''),
  fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown),
  { minKeys: 1 },
);

describe('an entry of a list', () => {
  for (const era of ['legacy', 'modern'] as const)
    for (const kind of ['in process', 'HTTP'] as const)
      it(`keeps what no revision knows, of a ${era} server, ${kind}`, async () => {
        await fc.assert(
          fc.asyncProperty(
            members,
            fc.option(fc.constant({ 'a.example/b': [1] }), { nil: undefined }),
            async (wire, _meta) => {
              const script = {
                era,
                tools: [{ name: 't', wire }, { name: 'plain' }],
                prompts: [{ name: 'p', wire }],
                resources: [{ uri: 'test://r', name: 'r', wire, text: '' }],
                ...(_meta !== undefined && { tools: [{ name: 't', _meta, wire }, { name: 'plain' }] }),
              };
              const spec = kind === 'HTTP' ? { url: (await http(script)).url } : { server: local(script) };
              const { session } = await open(spec, {});
              const [{ tools }, page, { prompts }, { resources }] = await Promise.all([
                session.listTools(),
                session.listToolsPage(),
                session.listPrompts(),
                session.listResources(),
              ]);
              const inputSchema = { type: 'object' };
              const tool = { name: 't', inputSchema, ...(_meta !== undefined && { _meta }), ...wire };
              expect(tools).toEqual([tool, { name: 'plain', inputSchema }]);
              expect(page.tools).toEqual(tools);
              expect(prompts[0]).toEqual({ name: 'p', ...wire });
              expect(resources[0]).toMatchObject({ uri: 'test://r', ...wire });
            },
          ),
          { numRuns: kind === 'HTTP' ? 5 : 40 },
        );
      });
});
