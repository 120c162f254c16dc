import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { serveModel } from '../toolkit/support/model-api.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/toolkits.md'), 'utf8');

/** The code under each heading. */
const code = new Map(
  page.split(/^##+ /m).map((section) => {
    const blocks = [...section.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block ?? '');
    return [section.split('\n', 1)[0] ?? '', blocks.join('\n')] as const;
  }),
);
const [, intro = ''] = [...code][0] ?? [];

const SERVERS = `
import { inProcess } from 'mcp-plenum/testing';
const place = { type: 'object', properties: { place: { type: 'string' } }, required: ['place'] };
const servers = {
  weather: {
    server: inProcess({
      tools: [{ name: 'forecast', inputSchema: place, does: { type: 'text', text: 'Rain.' } }],
      resources: [{ uri: 'map://oslo', text: 'A map.' }],
      prompts: [{ name: 'summary' }],
    }),
  },
  shop: {
    server: inProcess({
      tools: [
        { name: 'find', annotations: { readOnlyHint: true } },
        { name: 'order', annotations: { destructiveHint: false } },
        { name: 'delete_order' },
      ],
    }),
  },
};
const model = 'scripted';
const question = 'Do I need an umbrella in Oslo?';
const ask = async () => false;
`;

interface Ran {
  lines: string[];
  stderr: string;
}

/** Runs the page's introduction, what is under some of its headings, and then `uses`. */
async function run(headings: string[], uses = '', env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const parts = headings.map((heading) => {
    const found = code.get(heading);
    if (!found) throw new Error(`No code under "${heading}"`);
    return found;
  });
  const program = [SERVERS, intro, ...parts, uses, 'await group.close();'].join('\n');
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', program],
    { cwd: root, timeout: 100_000, env: { ...process.env, ...env } },
  );
  return { lines: stdout.trim().split('\n'), stderr };
}

const TIMEOUT_MS = 90_000;

describe('the loops of docs/toolkits.md', { timeout: TIMEOUT_MS }, () => {
  it.each(['AI SDK', 'OpenAI, Chat Completions', 'OpenAI, Responses', 'Anthropic', 'LangChain'])(
    'run a call of the model and let it go on: %s',
    async (heading) => {
      const call = { name: 'weather__forecast', args: { place: 'Oslo' } };
      const api = await serveModel([call, { name: 'shop__find' }], 'Take an umbrella.');
      const { lines } = await run([heading], '', {
        OPENAI_API_KEY: 'none',
        OPENAI_BASE_URL: api.openai,
        ANTHROPIC_API_KEY: 'none',
        ANTHROPIC_BASE_URL: api.anthropic,
      });
      expect(lines).toEqual(['Take an umbrella.']);
      const [first, second] = api.heard;
      expect(first?.question).toBe('Do I need an umbrella in Oslo?');
      expect(first?.tools).toEqual(['weather__forecast', 'shop__find', 'shop__order']);
      expect(second?.results.map(({ text }) => text)).toEqual(['Rain.', '{}']);
    },
  );

  it('call a tool by its MCP definition', async () => {
    const { lines, stderr } = await run(['MCP']);
    expect(stderr).toBe('');
    expect(lines.at(-1)).toBe('false Rain.');
  });
});

describe('the code of docs/toolkits.md', { timeout: TIMEOUT_MS }, () => {
  it('does what the page says of policy, resources, long results and search', async () => {
    const uses = `
      const { runTool } = await import('mcp-plenum/toolkit');
      const refused = await runTool(careful, 'shop__order');
      console.log(refused.isError, refused.content[0].text);
      console.log([...reading.tools.keys()].join(' '), saving.tools.size, bounded.tools.has('read_more'));
      await bounded.close();
    `;
    const headings = [
      'Policy',
      'Resources and prompts',
      'Long results',
      'Many tools',
      'What a model is told',
    ];
    const { lines, stderr } = await run(headings, uses);
    expect(stderr).toBe('');
    const [listed, all, found, chosen, refused, reading] = lines;
    expect(listed).toBe('forecast shop__find shop__order');
    expect([all, found, chosen].map((line) => line?.split(' ')[0])).toEqual(['3', '4', '2']);
    expect(refused).toBe(
      'true The call of tool "shop__order" was refused: Ask the user for an address first.',
    );
    expect(reading).toBe(
      'weather__forecast shop__find shop__order shop__delete_order ' +
        'weather__list_resources weather__read_resource weather__prompt_summary 6 true',
    );
  });

  it('makes an adapter of its own', async () => {
    const { lines, stderr } = await run(['Another SDK']);
    expect(stderr).toBe('');
    expect(lines).toEqual([`weather__forecast false [ { type: 'text', text: 'Rain.' } ]`]);
  });

  it('is all run', () => {
    const blocks = [...page.matchAll(/```js\n/g)].length;
    expect(blocks).toBe([...code.values()].filter((each) => each !== '').length);
    expect(blocks).toBe(13);
  });

  it('names the ranges of SDKs that are declared', () => {
    const clusters = readFileSync(resolve(root, 'docs/cluster.md'), 'utf8');
    const { redis, ...sdks } = manifest.peerDependencies;
    expect(clusters).toContain(`\`redis\` ${redis})`);
    for (const [name, range] of Object.entries(sdks)) {
      expect(page).toContain(`\`${name}\` ${range.replace(' ||', ' or')} `);
    }
  });
});
