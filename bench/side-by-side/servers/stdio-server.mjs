// A server on standard input and output: `node stdio-server.mjs [tools] [ms to start, or "hung"] [era]`.
import { createServer } from './answer.mjs';
import { createLineSplitter } from './lines.mjs';

const [count = '10', start = '0', era = 'legacy'] = process.argv.slice(2);
const server = createServer({ era, count: Number(count) });
const NEWLINE = Buffer.from('\n');

let answers = [];
const split = createLineSplitter((line) => {
  const answer = server.answer(line);
  if (answer !== undefined) answers.push(answer, NEWLINE);
});
const take = (chunk) => {
  split(chunk);
  if (answers.length > 0) process.stdout.write(Buffer.concat(answers));
  answers = [];
};

if (start === 'hung') process.stdin.resume();
else setTimeout(() => process.stdin.on('data', take), Math.max(0, Number(start) - performance.now()));
process.stdin.on('end', () => process.exit());
