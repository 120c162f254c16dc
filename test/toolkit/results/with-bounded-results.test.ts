import { describe, expect, it } from 'vitest';
import type { CallToolResult } from '../../../src/index.ts';
import type { ScriptedTool } from '../../../src/testing/index.ts';
import type { ResultBounds } from '../../../src/toolkit/results/result-bounds.ts';
import { withBoundedResults } from '../../../src/toolkit/results/with-bounded-results.ts';
import type { ToolSource } from '../../../src/toolkit/tool-source.ts';
import { failureOf, thrownBy } from '../../support/failures.ts';
import { connectGroup } from '../../support/groups.ts';
import { local } from '../../support/servers.ts';
import { textOf, textsOf } from '../../support/results.ts';

async function bounded(bounds: ResultBounds, ...tools: ScriptedTool[]) {
  const group = await connectGroup({ servers: { s: { server: local({ tools }) } } });
  return { group, source: withBoundedResults(group, bounds) };
}

function saying(
  name: string,
  result: Record<string, unknown>,
  rest: Partial<ScriptedTool> = {},
): ScriptedTool {
  return { name, does: { type: 'result', result }, ...rest };
}

/** What a model is told to ask `read_more` for. */
function askedFor(result: CallToolResult): { name: string; args: Record<string, unknown> } | undefined {
  const [, name, json] = /call (\S+) with (\{.*\})/.exec(textsOf(result).at(-1) ?? '') ?? [];
  return name === undefined || json === undefined ? undefined : { name, args: JSON.parse(json) };
}

/** Reads a result as a model would, to its end. */
async function readAll(source: ToolSource, first: CallToolResult): Promise<CallToolResult[]> {
  const results = [first];
  for (let next = askedFor(first); next !== undefined; next = askedFor(results.at(-1) ?? first)) {
    results.push(await source.callTool(next.name, next.args));
  }
  return results;
}

const LONG = Array.from({ length: 100 }, (_, nr) => `line ${nr}\n`).join('');

describe('M9 long results', () => {
  it('are handed out page by page, and nothing is lost', async () => {
    const { source } = await bounded({ maxChars: 300 }, { name: 'log', does: { type: 'text', text: LONG } });
    const results = await readAll(source, await source.callTool('s__log'));
    expect(results.length).toBeGreaterThan(2);
    const pages = results.map((result, nr) =>
      textsOf(result)
        .slice(0, nr === results.length - 1 ? 1 : -1)
        .join(''),
    );
    expect(pages.join('')).toBe(LONG);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(300);
    expect(textsOf(results[0] ?? { content: [] }).at(-1)).toMatch(
      /^\[\d+ characters on \d more pages\. To read on, call read_more with \{"handle":"[\w-]{12}","page":2\}\.\]$/,
    );
  });

  it('that are short come as they are', async () => {
    const result = {
      content: [{ type: 'text', text: 'ok' }],
      structuredContent: { ok: true },
      _meta: { a: 1 },
    };
    const { group, source } = await bounded({}, saying('short', result));
    expect(await source.callTool('s__short')).toEqual(await group.callTool('s__short'));
  });

  it('are bounded in items, too', async () => {
    const content = Array.from({ length: 5 }, (_, nr) => ({
      type: 'image',
      data: 'AAAA',
      mimeType: `image/x${nr}`,
    }));
    const { source } = await bounded({ maxItems: 2 }, saying('shots', { content }));
    const results = await readAll(source, await source.callTool('s__shots'));
    expect(results.map((result) => result.content.filter(({ type }) => type === 'image').length)).toEqual([
      2, 2, 1,
    ]);
    expect(textOf(results[0] ?? { content: [] })).toContain('3 items that are no text');
  });

  it('may be read twice, in any order', async () => {
    const { source } = await bounded({ maxChars: 300 }, { name: 'log', does: { type: 'text', text: LONG } });
    const args = askedFor(await source.callTool('s__log'))?.args;
    const third = await source.callTool('read_more', { ...args, page: 3 });
    expect(await source.callTool('read_more', { ...args, page: 3 })).toEqual(third);
    expect(await source.callTool('read_more', { ...args, page: 2 })).not.toEqual(third);
  });

  it('of a tool that failed are still failures', async () => {
    const { source } = await bounded(
      { maxChars: 300 },
      { name: 'log', does: { type: 'error', message: LONG } },
    );
    const result = await source.callTool('s__log');
    expect(result.isError).toBe(true);
    expect(askedFor(result)).toBeDefined();
  });

  it('errors of the source pass', async () => {
    const { source } = await bounded({});
    expect((await failureOf(source.callTool('s__none'))).code).toBe('UNKNOWN_TOOL');
  });
});

describe('M9 long structured content', () => {
  const structuredContent = { rows: Array.from({ length: 60 }, (_, nr) => ({ nr })) };
  const json = JSON.stringify(structuredContent);

  it('that the text says already is not told twice', async () => {
    const result = {
      content: [{ type: 'text', text: JSON.stringify(structuredContent, null, 1) }],
      structuredContent,
    };
    const { source } = await bounded({ maxChars: 300 }, saying('rows', result));
    const results = await readAll(source, await source.callTool('s__rows'));
    const told = results
      .map((each) =>
        textsOf(each)
          .filter((text) => !text.startsWith('['))
          .join(''),
      )
      .join('');
    expect(JSON.parse(told)).toEqual(structuredContent);
    expect(results.every((each) => each.structuredContent === undefined)).toBe(true);
  });

  it('stays when it and its text fit one by one', async () => {
    const result = { content: [{ type: 'text', text: json }], structuredContent };
    const { source } = await bounded({ maxChars: json.length + 10 }, saying('rows', result));
    expect(await source.callTool('s__rows')).toMatchObject(result);
  });

  it('comes as text after what the result says of it', async () => {
    const result = { content: [{ type: 'text', text: '60 rows' }], structuredContent };
    const { source } = await bounded({ maxChars: 300 }, saying('rows', result));
    const results = await readAll(source, await source.callTool('s__rows'));
    const told = results.flatMap((each) => textsOf(each).filter((text) => !text.startsWith('['))).join('');
    expect(told).toBe(`60 rows${json}`);
  });

  it('is not promised by an output schema', async () => {
    const { group, source } = await bounded({}, { name: 'rows', outputSchema: { type: 'object' } });
    expect(group.tools.get('s__rows')?.outputSchema).toBeDefined();
    expect(source.tools.get('s__rows')).not.toHaveProperty('outputSchema');
    expect(source.tools).toBe(source.tools);
  });
});

describe('M9 what is kept of long results', () => {
  const log: ScriptedTool = { name: 'log', does: { type: 'text', text: LONG } };

  async function handles(source: ToolSource, times: number): Promise<Record<string, unknown>[]> {
    const all: Record<string, unknown>[] = [];
    for (let time = 0; time < times; time++) all.push(askedFor(await source.callTool('s__log'))?.args ?? {});
    return all;
  }

  async function whichAreKept(source: ToolSource, all: Record<string, unknown>[]): Promise<boolean[]> {
    const reads = all.map(async (args) => (await source.callTool('read_more', args)).isError !== true);
    return Promise.all(reads);
  }

  it('is so many results: the oldest goes', async () => {
    const { source } = await bounded({ maxChars: 300, maxStored: 2 }, log);
    const all = await handles(source, 3);
    expect(new Set(all.map(({ handle }) => handle)).size).toBe(3);
    expect(await whichAreKept(source, all)).toEqual([false, true, true]);
    expect(textOf(await source.callTool('read_more', all[0]))).toContain('Call the tool that gave it again');
  });

  it('is so many bytes: the oldest goes', async () => {
    const { source } = await bounded({ maxChars: 300, maxStoredBytes: 1000 }, log);
    expect(await whichAreKept(source, await handles(source, 3))).toEqual([false, false, true]);
  });

  it.each<[string, ResultBounds]>([
    ['a result that is too long for all of it', { maxStoredBytes: 200 }],
    ['anything, if nothing may be', { maxStored: 0 }],
  ])('is not %s, and the model is told', async (_, bounds) => {
    const { source } = await bounded({ maxChars: 300, ...bounds }, log);
    const result = await source.callTool('s__log');
    expect(askedFor(result)).toBeUndefined();
    expect(textsOf(result).at(-1)).toContain('too long to be kept. Ask for less.');
  });

  it('is gone when it is cleared', async () => {
    const { source } = await bounded({ maxChars: 300 }, log);
    const all = await handles(source, 2);
    source.clear();
    expect(await whichAreKept(source, all)).toEqual([false, false]);
  });

  it('is read under its handle only', async () => {
    const { source } = await bounded({ maxChars: 300 }, log);
    const [args] = await handles(source, 1);
    for (const wrong of [{}, { handle: 'constructor', page: 2 }, { handle: 5, page: 2 }, { page: 2 }]) {
      expect((await source.callTool('read_more', wrong)).isError).toBe(true);
    }
    for (const page of [1, 99, 2.5, -1, 'x']) {
      const result = await source.callTool('read_more', { ...args, page });
      expect(result.isError).toBe(true);
      expect(textOf(result)).toContain('kept are pages 2 to');
    }
  });
});

describe('M9 results made to get round the bounds', () => {
  it('a link whose description is a book is a text to be cut', async () => {
    const link = { type: 'resource_link', uri: 'x:y', name: 'n', description: 'd'.repeat(5000) };
    const { source } = await bounded({ maxChars: 1000 }, saying('book', { content: [link] }));
    const results = await readAll(source, await source.callTool('s__book'));
    const told = results.map((each) =>
      textsOf(each)
        .filter((text) => !text.startsWith('['))
        .join(''),
    );
    for (const text of told) expect(text.length).toBeLessThanOrEqual(1000);
    expect(JSON.parse(told.join(''))).toEqual(link);
  });

  it('a picture whose type is a book is a text without the picture', async () => {
    const image = { type: 'image', data: 'AAAA', mimeType: 'm'.repeat(5000) };
    const { source } = await bounded({ maxChars: 1000 }, saying('book', { content: [image] }));
    const result = await source.callTool('s__book');
    expect(result.content.map(({ type }) => type)).toEqual(['text', 'text']);
  });

  it('a server that has a tool of this name already keeps it', async () => {
    const { group } = await bounded({}, { name: 'x' });
    const tools = new Map([...group.tools].map(([, tool]) => ['read_more', tool]));
    const inner: ToolSource = {
      tools,
      callTool: () => Promise.resolve({ content: [{ type: 'text', text: LONG }] }),
    };
    const source = withBoundedResults(inner, { maxChars: 300 });
    expect([...source.tools.keys()]).toEqual(['read_more', 'read_more_2']);
    expect(askedFor(await source.callTool('read_more'))?.name).toBe('read_more_2');
  });
});

describe('M9 bounds that cannot be meant', () => {
  it.each<[object, RegExp]>([
    [{ maxChars: 0 }, /"results\.maxChars" must be a whole number, 1 or more/],
    [{ maxItems: 1.5 }, /"results\.maxItems"/],
    [{ maxStored: -1 }, /"results\.maxStored"/],
    [{ maxStoredBytes: '1' }, /"results\.maxStoredBytes"/],
    [[], /"results" must be an object/],
  ])('are refused: %j', (bounds, message) => {
    const inner: ToolSource = { tools: new Map(), callTool: () => Promise.reject(new Error('x')) };
    const error = thrownBy(() => withBoundedResults(inner, bounds));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  });
});
