import { PlenumError } from '../../errors/plenum-error.ts';
import type { ConfigRemark } from '../../config/config.ts';
import { printRemark } from '../../config/read/findings.ts';
import { loadConfig } from '../../config/load-config.ts';
import { isRecord } from '../../internal/checks.ts';
import type { RunCommand } from '../command-line/invocation.ts';
import { EXIT } from '../exit-codes.ts';
import { consentOption } from '../questions/consent.ts';
import { count, lineText } from '../terminal/terminal-text.ts';

export const run: RunCommand = async (invocation) => {
  const { operands, options, terminal } = invocation;
  const path = operands[0] ?? options.config;
  try {
    // Inputs need no real answers here.
    const prompt: Parameters<typeof loadConfig>[0] = {
      prompt: ({ default: byDefault, options: choices }) => byDefault ?? choices?.[0]?.value ?? 'x',
    };
    const config = await loadConfig({
      ...prompt,
      ...(path !== undefined && { path }),
      ...consentOption(invocation),
    });
    const { servers, disabled, warnings } = config;
    const names = Object.keys(servers);
    if (terminal.json) {
      terminal.jsonData({ valid: true, path: config.path, servers: names, disabled, problems: [], warnings });
    } else {
      for (const warning of warnings) terminal.warn(printRemark(warning));
      const off = disabled.length > 0 ? `, ${disabled.length} disabled` : '';
      terminal.data(`${lineText(config.path)} is good: ${count(names.length, 'server')}${off}.`);
    }
    return EXIT.good;
  } catch (error) {
    const problems = problemsOf(error);
    if (!terminal.json || problems === undefined) throw error;
    const file = problems[0]?.file ?? path ?? null;
    terminal.jsonData({ valid: false, path: file, servers: [], disabled: [], problems, warnings: [] });
    return EXIT.usage;
  }
};

function problemsOf(error: unknown): readonly ConfigRemark[] | undefined {
  if (!(error instanceof PlenumError) || !isRecord(error.data)) return undefined;
  const { problems } = error.data;
  return Array.isArray(problems) ? problems : undefined;
}
