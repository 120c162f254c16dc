import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import { configFile, environment, MAIN } from '../../cli/support/run-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

/** A process of `plenum serve`. */
export interface ServingNode {
  readonly child: ChildProcess;
  /** All that it has written so far. */
  said(): string;
  /** Waits for the line that says where it listens. */
  url(): Promise<string>;
  /** Sends a signal, and waits for the end. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export function serveNode(
  servers: Readonly<Record<string, object>>,
  cluster: object,
  { args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): ServingNode {
  const config = configFile(servers, { gateway: { cluster } });
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '-c', config, ...args], {
    cwd: newFolder(),
    env: environment(env),
  });
  let said = '';
  const hear = (text: string): void => void (said += text);
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    await ended;
  });
  return {
    child,
    said: () => said,
    url: () =>
      eventually(
        () => `it listens; so far: ${said}`,
        () => /^listening on (\S+)$/m.exec(said)?.[1],
      ),
    end: async (signal) => {
      child.kill(signal);
      await ended;
    },
  };
}
