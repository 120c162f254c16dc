import { describe, expect, it, onTestFinished } from 'vitest';
import { createToolkit } from '../../../src/toolkit/toolkit.ts';
import { eventually } from '../../support/eventually.ts';
import { connectGroup } from '../../support/groups.ts';
import { serveModel } from '../support/model-api.ts';
import type { Heard, HeardResult } from '../support/wire.ts';
import { script, type ScriptedTurn } from './script.ts';
import { SDKS, type Assistant } from './sdks.ts';
import { fourServers } from './servers.ts';

const CHANGED = 'notes__keep';

async function talk(assistant: Assistant, turns: readonly ScriptedTurn[]): Promise<string[]> {
  const answers: string[] = [];
  for (const { question } of turns) answers.push(await assistant.ask(question));
  return answers;
}

/** An error is marked in the words of its API; what the tool said comes after. */
function plain({ text, failed, ...rest }: HeardResult): HeardResult {
  const unmarked = failed ? text.replace(/^Error: /, '') : text;
  // Where an image cannot stand in its place, a line in brackets does.
  const words = rest.images.length > 0 ? unmarked.replace(/^\[.*\]$/m, '').trim() : unmarked;
  return { ...rest, failed, text: words };
}

/** What the model heard, request by request. */
function heardIn(turns: readonly ScriptedTurn[]): Omit<Heard, 'tools'>[] {
  return turns.flatMap(({ question, results }) =>
    [[], ...results].map((each) => ({ question, results: [...each] })),
  );
}

describe('M9 one program, four servers, the same conversation', () => {
  it.each(SDKS)('%s', async (_, sdk) => {
    const { servers, folder, learn } = await fourServers();
    const group = await connectGroup({ servers, strict: true });
    const { beforeTheChange, afterTheChange } = script(folder);
    const turns = [...beforeTheChange, ...afterTheChange];
    const api = await serveModel(...turns.flatMap(({ steps }) => steps));
    const toolkit = createToolkit(group, { policy: { deny: [{ server: 'files', readOnlyHint: false }] } });
    onTestFinished(() => toolkit.close());
    const assistant = sdk(toolkit, api);

    const answers = await talk(assistant, beforeTheChange);
    const asked = api.heard.length;
    learn();
    await eventually('the new tool', () => toolkit.tools.has(CHANGED));
    answers.push(...(await talk(assistant, afterTheChange)));

    expect(answers).toEqual(turns.map(({ steps }) => steps.at(-1)));
    const heard = api.heard.map(({ question, results }) => ({ question, results: results.map(plain) }));
    expect(heard).toEqual(heardIn(turns));
    const before = [...toolkit.tools.keys()].filter((name) => name !== CHANGED).toSorted();
    const after = [...before, CHANGED].toSorted();
    expect(before).toContain('files__read_text_file');
    expect(before).not.toContain('files__write_file');
    expect(api.heard.map(({ tools }) => tools.toSorted())).toEqual(
      api.heard.map((_each, request) => (request < asked ? before : after)),
    );
  });

  it('the servers are reached in four ways', async () => {
    const { servers } = await fourServers();
    const group = await connectGroup({ servers, strict: true });
    const versions = Object.fromEntries(
      Object.keys(servers).map((name) => [name, group.session(name).protocolVersion]),
    );
    expect(versions).toMatchObject({ booking: '2026-07-28', weather: '2025-11-25' });
  });
});
