import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Terminal } from '../terminal/terminal.ts';

/** The longest line shown, in characters. */
const MAX_LINE = 10_000;

/** Shows what a server writes to standard error, line by line, with its name. */
export function stderrOf(server: string, terminal: Terminal): Writable {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = (lines.pop() ?? '').slice(-MAX_LINE);
      for (const line of lines) terminal.note(`[${server}] ${line.slice(0, MAX_LINE)}`);
      done();
    },
  });
}
