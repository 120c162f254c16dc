import type { RunCommand } from '../command-line/invocation.ts';
import { completionScript, SHELLS } from '../command-line/completion-scripts.ts';
import { EXIT, UsageError } from '../exit-codes.ts';

export const run: RunCommand = async ({ operands, options, terminal }) => {
  if (options.servers === true) {
    const names = await serverNames(options.config);
    if (terminal.json) terminal.jsonData(names);
    else terminal.data(names.join('\n'));
    return EXIT.good;
  }
  const shell = SHELLS.find((each) => each === operands[0]);
  if (shell === undefined) throw new UsageError(`plenum completion needs one of ${SHELLS.join(', ')}.`);
  const script = completionScript(shell);
  if (terminal.json) terminal.jsonData({ shell, script });
  else terminal.data(script);
  return EXIT.good;
};

/**
 * The names of the enabled servers. A shell calls this while the user types, so errors give no names and no message.
 */
async function serverNames(path: string | undefined): Promise<string[]> {
  try {
    const { loadConfig } = await import('../../config/load-config.ts');
    const { servers, broken } = await loadConfig({ ...(path !== undefined && { path }), tolerant: true });
    return [...Object.keys(servers), ...Object.keys(broken)].filter(
      (name) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name),
    );
  } catch {
    return [];
  }
}
