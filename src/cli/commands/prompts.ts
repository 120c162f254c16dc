import type { PromptEntry } from '../../group/catalog/catalog.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { listCatalog } from '../servers/list-catalog.ts';

export const run: RunCommand = (invocation) =>
  listCatalog(invocation, ['prompts'], async ({ group, matches, show }) => {
    const prompts = [...group.prompts].filter(([name, prompt]) => matches(name, prompt.upstreamName));
    const rows = prompts.map(([name, prompt]) => [
      name,
      prompt.server,
      (prompt.arguments ?? [])
        .map((each) => (each.required === true ? each.name : `[${each.name}]`))
        .join(' '),
      prompt.description ?? prompt.title ?? '',
    ]);
    const heading = ['PROMPT', 'SERVER', 'ARGUMENTS', 'DESCRIPTION'];
    await show(
      'prompt',
      prompts.map(([name, prompt]) => facts(name, prompt)),
      heading,
      rows,
    );
  });

function facts(name: string, prompt: PromptEntry): Record<string, unknown> {
  const { server, upstreamName, title, description } = prompt;
  return { name, server, upstreamName, title, description, arguments: prompt.arguments };
}
