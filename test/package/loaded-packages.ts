import { runNode, packageRoot } from './run.ts';

/** The packages of which a program has loaded anything by its end, in order. The program finds this one's build as `dist`. */
export async function loadedPackages(program: string): Promise<string[]> {
  const output = await runNode(
    ['--input-type=module', '--eval', `${WATCH}\n${program}\n${TELL}`],
    packageRoot,
  );
  const urls: unknown = JSON.parse(output.slice(output.lastIndexOf('\n') + 1));
  if (!Array.isArray(urls)) throw new Error('The program did not tell what it has loaded.');
  const packages = urls.map((url) => /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(String(url))?.[1]);
  return [...new Set(packages.filter((name) => name !== undefined))].toSorted();
}

const WATCH = `
import { Session } from 'node:inspector';
const urls = [];
const watching = new Session();
watching.connect();
watching.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url));
watching.post('Debugger.enable');
const dist = new URL('./dist/', ${JSON.stringify(`file://${packageRoot}/`)});
`;

const TELL = `
watching.disconnect();
process.stdout.write(JSON.stringify(urls));
`;
