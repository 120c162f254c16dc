import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os';

export function describeMachine() {
  return {
    os: type(),
    arch: process.arch,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGB: Math.round(totalmem() / 2 ** 30),
    /** Tasks that wanted a core in the last minute; above 1 the figures are somebody else's, too. */
    loadBefore: Number(loadavg()[0].toFixed(2)),
  };
}
