import pty from '@lydell/node-pty';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';
import { environment, MAIN, type RunOptions } from './run-cli.ts';
import { eventually } from '../../support/eventually.ts';
import { newFolder } from '../../support/folders.ts';

export const CTRL_C = '\u0003';
export const ENTER = '\r';
export const ESCAPE = '\u001b';
export const DOWN = '\u001b[B';
export const BACKSPACE = '\u007f';

export interface OnTerminal {
  /** All that was written, control sequences left out. */
  readonly text: string;
  /** All that was written, as it came. */
  readonly raw: string;
  /** Resolves when it has written this text after what was waited for last. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  readonly exitCode: Promise<number>;
}

/** What is read from a terminal after its last process has gone may be lost: a shell stays until all is read. */
const STAYING = 'trap : INT; "$@"; echo "[exited $?]"; read -r _';
const EXITED = /\[exited (\d+)\]/;

/** Runs the command on a terminal of its own. */
export function plenumOnTerminal(
  args: readonly string[],
  { cwd = newFolder(), env }: RunOptions = {},
): OnTerminal {
  const terminal = pty.spawn('/bin/sh', ['-c', STAYING, 'sh', process.execPath, MAIN, ...args], {
    cols: 100,
    rows: 40,
    cwd,
    env: environment({ TERM: 'xterm-256color', ...env }),
  });
  let raw = '';
  let seen = 0;
  const exitCode = new Promise<number>((resolve) => {
    terminal.onData((data) => {
      raw += data;
      const [, code] = EXITED.exec(raw) ?? [];
      if (code === undefined) return;
      terminal.kill('SIGKILL');
      resolve(Number(code));
    });
  });
  onTestFinished(() => terminal.kill('SIGKILL'));
  const output = (): string => raw.replace(/\[exited [^]*$/, '');
  const text = (): string => stripVTControlCharacters(output());
  return {
    get text() {
      return text();
    },
    get raw() {
      return output();
    },
    async shows(wanted) {
      await eventually(
        () => `"${wanted}" is shown; so far: ${text()}`,
        () => text().includes(wanted, seen),
      );
      seen = text().indexOf(wanted, seen) + wanted.length;
    },
    type: (keys) => terminal.write(keys),
    exitCode,
  };
}
