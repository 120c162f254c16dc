import { availableParallelism, cpus, totalmem, type } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 2_000;

export async function describeMachine() {
  return {
    os: type(),
    arch: process.arch,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    /** Cores that were busy before the run; above a tenth or so the figures are somebody else's, too. */
    loadBefore: await busyCores(),
  };
}

async function busyCores() {
  const before = busyMs();
  await sleep(LOOK_MS);
  return Number(((busyMs() - before) / LOOK_MS).toFixed(2));
}

function busyMs() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
