import { isDeepStrictEqual } from 'node:util';
import type { CallToolResult } from '@modelcontextprotocol/client';
import { PlenumError } from '../../errors/plenum-error.ts';
import { isRecord } from '../../internal/checks.ts';
import { fitArguments } from '../arguments/fit-arguments.ts';
import { readArguments } from '../arguments/typed-arguments.ts';
import { ContentView, showView } from '../views/content-view.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { expectOneName } from '../command-line/two-words.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { explainUnknown, withOpenServers, type OpenServers } from '../servers/open-servers.ts';
import { possibleOwners } from '../servers/possible-owners.ts';
import { callTimeouts } from '../servers/call-timeouts.ts';
import { showProgress } from '../terminal/progress.ts';
import { findServers } from '../servers/server-set.ts';
import { checkOut } from '../views/saved-parts.ts';
import { jsonText, parsedJson } from '../terminal/terminal-text.ts';
import { offerUrls } from '../questions/open-url.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal, interrupt } = invocation;
  const [name = '', ...words] = operands;
  if (invocation.inline === undefined) expectOneName('call', operands);
  const typed = await readArguments(words, options.args, interrupt.signal);
  await checkOut(options.out, terminal.json);
  const set = await findServers(invocation);
  const owners = possibleOwners(set, name);
  const work = async (opened: OpenServers): Promise<ExitCode> => {
    const { group } = opened;
    const tool = group.tools.get(name);
    const { args, warnings } =
      tool === undefined ? { args: typed.base, warnings: [] } : await fitArguments(typed, tool.inputSchema);
    for (const warning of warnings) terminal.warn(warning);
    try {
      const result = await showProgress(terminal, name, (onProgress) =>
        group.callTool(name, args, {
          ...callTimeouts(invocation, set, tool?.server),
          onProgress,
          signal: interrupt.signal,
        }),
      );
      const isError = result.isError === true;
      if (terminal.json) terminal.jsonData(result);
      await showView(invocation, viewOf(result), isError);
      if (isError && !terminal.json) terminal.error(`Tool "${name}" failed.`);
      return isError ? EXIT.failed : EXIT.good;
    } catch (error) {
      if (error instanceof PlenumError && error.elicitations !== undefined)
        await offerUrls(invocation, error.elicitations);
      throw explainUnknown(error, opened, owners);
    }
  };
  return withOpenServers(invocation, set, work, owners.size > 0 ? { only: owners } : {});
};

function viewOf({ content, structuredContent }: CallToolResult): ContentView {
  const view = new ContentView();
  // Servers repeat structured content as text, for clients that do not support it.
  const repeats = (text: string): boolean => isDeepStrictEqual(parsedJson(text), structuredContent);
  const wrapped = onlyValueOf(structuredContent);
  let isShown = structuredContent === undefined;
  for (const block of content) {
    if (structuredContent !== undefined && block.type === 'text') {
      if (repeats(block.text)) continue;
      isShown ||= says(block.text, wrapped);
    }
    view.add(block);
  }
  if (!isShown) view.lines.push(jsonText(structuredContent));
  return view;
}

/** The value of an object with a single property: `{ content: "…" }`, `{ result: 5 }`. */
function onlyValueOf(value: unknown): unknown {
  const [first, ...others] = isRecord(value) ? Object.values(value) : [];
  return others.length === 0 ? first : undefined;
}

function says(text: string, value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === text.trim();
  if (typeof value === 'object' && value !== null) return isDeepStrictEqual(parsedJson(text), value);
  return JSON.stringify(value) === text.trim();
}
