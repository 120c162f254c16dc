// The seven servers of the tour: five public ones, as processes and over HTTP, and two of our own.
import { join } from 'node:path';
import { createCalculator, startGreeter } from './own-servers.mjs';
import { publicServer, startEverythingOverHttp } from './public-servers.mjs';

/** Starts those that run by themselves, and tells how each is reached. What has to be stopped is left `atEnd`. */
export async function startSevenServers({ folder, signal, atEnd, calculator = createCalculator() }) {
  const everythingOverHttp = await startEverythingOverHttp(signal);
  atEnd(everythingOverHttp.stop);
  const greeter = await startGreeter();
  atEnd(greeter.stop);
  return {
    everything: publicServer('everything'),
    'everything-http': { url: everythingOverHttp.url },
    filesystem: publicServer('filesystem', [folder]),
    memory: publicServer('memory', [], { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') }),
    thinking: publicServer('sequential-thinking'),
    greeter: { url: greeter.url },
    calculator: { server: calculator },
  };
}
