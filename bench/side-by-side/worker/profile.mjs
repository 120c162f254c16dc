import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/** Runs `act` under the CPU profiler and writes what it saw, for Chrome's developer tools or an editor. */
export async function profiled(file, act) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  try {
    return await act();
  } finally {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    writeFileSync(file, JSON.stringify(profile));
  }
}
