import { describe, expect, it } from 'vitest';
import type { Stoppable } from '../../../src/transport/stdio/process-tree.ts';
import { stopProcesses } from '../../../src/transport/stdio/process-tree.ts';

const graces = { closeGraceMs: 20, terminateGraceMs: 30 };

/** Processes that leave on the given event, and a record of what was done to them. */
function processes(leaveOn: 'end of input' | 'SIGTERM' | 'SIGKILL' | 'nothing') {
  const record: string[] = [];
  let gone = leaveOn === 'end of input';
  const stoppable: Stoppable = {
    signal(name) {
      record.push(name);
      gone ||= name === leaveOn;
    },
    leftWithin(ms) {
      record.push(`wait ${ms}`);
      return Promise.resolve(gone);
    },
  };
  return { stoppable, record };
}

describe('T2 stdio stop: the steps', () => {
  it.each([
    ['end of input', true, ['wait 20']],
    ['SIGTERM', true, ['wait 20', 'SIGTERM', 'wait 30']],
    ['SIGKILL', true, ['wait 20', 'SIGTERM', 'wait 30', 'SIGKILL', 'wait 7']],
    ['nothing', false, ['wait 20', 'SIGTERM', 'wait 30', 'SIGKILL', 'wait 7']],
  ] as const)('for processes that leave on %s', async (leaveOn, left, steps) => {
    const { stoppable, record } = processes(leaveOn);
    expect(await stopProcesses(stoppable, graces, new AbortController().signal, 7)).toBe(left);
    expect(record).toEqual(steps);
  });

  it('go straight to SIGKILL by force', async () => {
    const { stoppable, record } = processes('SIGKILL');
    expect(await stopProcesses(stoppable, graces, AbortSignal.abort(), 7)).toBe(true);
    expect(record).toEqual(['wait 20', 'SIGKILL', 'wait 7']);
  });

  it('go straight to SIGKILL when force comes after SIGTERM', async () => {
    const { stoppable, record } = processes('SIGKILL');
    const force = new AbortController();
    const impatient: Stoppable = {
      signal(name) {
        stoppable.signal(name);
        if (name === 'SIGTERM') force.abort();
      },
      leftWithin: (ms) => stoppable.leftWithin(ms),
    };
    expect(await stopProcesses(impatient, graces, force.signal, 7)).toBe(true);
    expect(record).toEqual(['wait 20', 'SIGTERM', 'wait 30', 'SIGKILL', 'wait 7']);
  });

  it('send nothing to processes that have left', async () => {
    const { stoppable, record } = processes('end of input');
    expect(await stopProcesses(stoppable, graces, AbortSignal.abort(), 7)).toBe(true);
    expect(record).toEqual(['wait 20']);
  });
});
