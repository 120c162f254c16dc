import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Session } from '../../../src/index.ts';
import type { ServerScript } from '../../../src/testing/index.ts';
import { failureOf } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { ERAS, local, PLACES } from '../../support/servers.ts';
import { open } from '../support/open.ts';

const name = fc.constantFrom('odd', 'x-vendor', 'later', 'constructor', 'toString', '', '__proto__');
const value = fc.jsonValue({ maxDepth: 3 }).map((each) => JSON.parse(JSON.stringify(each)) as unknown);
/** Members of later revisions, with any values. To JSON also `__proto__` is a member as any other. */
const members = fc
  .uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, minLength: 1 })
  .map((entries) => Object.fromEntries(entries));

/** Definitions of each kind, with these members at each level. */
function scriptOf(odd: Record<string, unknown>): ServerScript {
  const icons = [{ src: 'https://example.com/i.png', ...odd }, { src: 'data:,' }];
  const wire = { icons, annotations: { ...odd }, ...odd };
  return {
    tools: [
      { name: 't', wire: { ...wire, execution: { taskSupport: 'optional', ...odd } } },
      { name: 'plain' },
    ],
    prompts: [{ name: 'p', wire: { icons, arguments: [{ name: 'a', ...odd }, { name: 'b' }], ...odd } }],
    resources: [{ uri: 'test://r', name: 'r', wire, text: '' }],
    resourceTemplates: [{ uriTemplate: 'test://{a}', name: 'm', wire, text: '' }],
  };
}

/** What `scriptOf` defines, as it is to be listed. */
function definedBy({ tools, prompts, resources, resourceTemplates }: ServerScript) {
  const [tool] = Array.isArray(tools) ? tools : [];
  return [
    { name: 't', inputSchema: { type: 'object' }, ...tool?.wire },
    { name: 'p', ...prompts?.[0]?.wire },
    { uri: 'test://r', name: 'r', ...resources?.[0]?.wire },
    { uriTemplate: 'test://{a}', name: 'm', ...resourceTemplates?.[0]?.wire },
  ];
}

/** The first entry of each list. */
async function listedBy(session: Session) {
  const [tools, prompts, resources, templates, ...pages] = await Promise.all([
    session.listTools(),
    session.listPrompts(),
    session.listResources(),
    session.listResourceTemplates(),
    session.listToolsPage(),
    session.listPromptsPage(),
    session.listResourcesPage(),
    session.listResourceTemplatesPage(),
  ]);
  const whole = [tools.tools, prompts.prompts, resources.resources, templates.resourceTemplates];
  const paged = [pages[0].tools, pages[1].prompts, pages[2].resources, pages[3].resourceTemplates];
  expect(paged).toEqual(whole);
  return whole.map(([entry]) => entry);
}

/** As text with the members in one order: `toEqual` does not see a member `__proto__`. */
function sorted(given: unknown): string {
  return JSON.stringify(given, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))
      : each,
  );
}

describe('an entry of a list', () => {
  for (const era of ERAS)
    it(`keeps at each level what no revision knows, of a ${era} server, whatever it is`, async () => {
      await fc.assert(
        fc.asyncProperty(members, fc.constantFrom('strict', 'lenient'), async (odd, checks) => {
          const script = scriptOf(odd);
          const { session } = await open({ server: local({ ...script, era }) }, { checks });
          expect(sorted(await listedBy(session))).toBe(sorted(definedBy(script)));
        }),
        { numRuns: 40 },
      );
    });

  for (const [place, start] of Object.entries(PLACES))
    for (const era of ERAS)
      it(`keeps what no revision knows, of a ${era} server: ${place}`, async () => {
        const script = scriptOf(JSON.parse('{ "odd": [null, { "a": 1 }], "__proto__": { "b": 2 } }'));
        const { spec } = await start({ ...script, era });
        const group = await connectGroup({ servers: { s: spec } });
        expect(sorted(await listedBy(group.session('s')))).toBe(sorted(definedBy(script)));
      });

  it('keeps it over a client of the caller’s, whose own lists stay what that client makes of them', async () => {
    const script = scriptOf({ odd: [1] });
    const [ours, theirs] = InMemoryTransport.createLinkedPair();
    await local({ ...script, era: 'legacy' }).connect(theirs);
    const client = new Client({ name: 'own', version: '1.0.0' });
    await client.connect(ours);
    onTestFinished(() => client.close());
    const { session } = await open(client);
    const before = await client.listTools();
    const [entries, ...own] = await Promise.all([
      listedBy(session),
      ...Array.from({ length: 5 }, () => client.listTools(undefined, { cacheMode: 'bypass' })),
    ]);
    expect(sorted(entries)).toBe(sorted(definedBy(script)));
    for (const each of own) expect(each.tools).toEqual(before.tools);
  });

  for (const era of ERAS)
    it(`leaves the lists of the session's client as they are while the session lists, ${era}`, async () => {
      const { session } = await open({ server: local({ ...scriptOf({ odd: 1 }), era }) });
      const { client } = session;
      const before = await client?.listTools();
      const [, , ...meanwhile] = await Promise.all([
        session.listTools(),
        session.listToolsPage(),
        ...Array.from({ length: 5 }, () => client?.listTools(undefined, { cacheMode: 'bypass' })),
      ]);
      for (const each of meanwhile) expect(each?.tools).toEqual(before?.tools);
    });

  const refused: Record<string, Record<string, unknown>> = {
    '_meta that is no object': { _meta: 'text' },
    '_meta that is a list': { _meta: [] },
    'a title that is a number': { title: 5 },
    'icons that are no list': { icons: {} },
    'an icon without a source': { icons: [{ odd: 1 }] },
  };
  for (const [what, wire] of Object.entries(refused))
    for (const era of ERAS)
      it(`is refused with strict checks, ${era}: ${what}, beside what no revision knows`, async () => {
        const odd = { ...wire, odd: 1 };
        const server = local({
          era,
          tools: [{ name: 't', wire: odd }],
          prompts: [{ name: 'p', wire: odd }],
          resources: [{ uri: 'test://r', wire: odd }],
          resourceTemplates: [{ uriTemplate: 'test://{a}', name: 'm', wire: odd }],
        });
        const { session } = await open({ server }, { checks: 'strict' });
        for (const ask of [
          () => session.listTools(),
          () => session.listToolsPage(),
          () => session.listPrompts(),
          () => session.listResources(),
          () => session.listResourceTemplates(),
        ])
          expect((await failureOf(ask())).code).toBe('INVALID_RESULT');
      });
});

describe('with strict checks a list is refused just when the official client refuses it', () => {
  const schema = fc.oneof(
    fc.constantFrom<unknown>(
      { type: 'object' },
      { type: 'array' },
      {},
      null,
      true,
      { type: 'object', properties: [] },
      { type: 'object', properties: null },
      { type: 'object', properties: { a: true, b: null, c: 1 } },
      { type: 'object', required: true },
      { type: 'object', required: [1] },
      { type: 'object', $schema: 5 },
      { $schema: 'https://json-schema.org/draft/2020-12/schema', anyOf: [] },
    ),
    value,
  );
  const usual = fc.constant({ type: 'object' });
  const entry = fc.record(
    {
      name: fc.oneof(fc.constant('t'), value),
      inputSchema: fc.oneof({ arbitrary: usual, weight: 3 }, { arbitrary: schema, weight: 1 }),
      outputSchema: schema,
      title: fc.oneof(fc.string(), value),
      annotations: fc.oneof(fc.constantFrom({}, { readOnlyHint: 'yes' }, { title: 1 }), value),
      icons: fc.oneof(fc.constantFrom([], [{ src: 'a' }], [{ src: 'a', theme: 'pink' }]), value),
      _meta: fc.oneof(fc.constantFrom({}, { a: 1 }), value),
      execution: fc.oneof(fc.constantFrom({}, { taskSupport: 'never' }), value),
      odd: value,
    },
    { requiredKeys: ['name', 'inputSchema'] },
  );
  for (const era of ERAS)
    it(`of a ${era} server`, async () => {
      const server = local({ era, tools: [{ name: 't' }] });
      const { session } = await open({ server }, { checks: 'strict' });
      const isAccepted = async (asked: Promise<unknown> | undefined): Promise<boolean> =>
        Promise.resolve(asked).then(
          () => true,
          () => false,
        );
      await fc.assert(
        fc.asyncProperty(entry, async (wire) => {
          server.setTools([{ name: 't', wire: { ...wire } }]);
          const [ours, theirs] = await Promise.all([
            isAccepted(session.listTools()),
            isAccepted(session.client?.listTools(undefined, { cacheMode: 'bypass' })),
          ]);
          expect(ours).toBe(theirs);
        }),
        { numRuns: 200 },
      );
    });
});
