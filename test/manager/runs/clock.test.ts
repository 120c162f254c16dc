import { afterEach, describe, expect, it, vi } from 'vitest';
import { PlenumError } from '../../../src/index.ts';
import { CircuitBreaker } from '../../../src/manager/runs/circuit-breaker.ts';
import { eventually } from '../../support/eventually.ts';
import { thrownBy } from '../../support/failures.ts';

const HOUR_MS = 3_600_000;

/** Sets the clock of this process. */
function setClock(byMs: number): void {
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
}

/** A circuit that has just opened. */
function opened(openMs: number): CircuitBreaker {
  const circuit = new CircuitBreaker('a', { failures: 1, openMs }, () => {});
  circuit.enter()('failure');
  expect(circuit.status.state).toBe('open');
  return circuit;
}

function mayEnter(circuit: CircuitBreaker): boolean {
  try {
    circuit.enter();
    return true;
  } catch (error) {
    if (error instanceof PlenumError && error.code === 'CIRCUIT_OPEN') return false;
    throw error;
  }
}

describe('M7 an open circuit, when the clock is set', () => {
  afterEach(() => vi.restoreAllMocks());

  it('back by an hour: lets its probe through when its own time is over', async () => {
    const circuit = opened(100);
    setClock(-HOUR_MS);
    expect(thrownBy(() => circuit.enter()).message).toMatch(/let through in \d{1,3} ms/);
    await eventually('the probe', () => mayEnter(circuit));
  });

  it('forward by an hour, as after the sleep of a machine: lets its probe through at once', () => {
    const circuit = opened(60_000);
    setClock(HOUR_MS);
    expect(mayEnter(circuit)).toBe(true);
  });

  it('not at all: lets nobody through before the time that it told', () => {
    const circuit = opened(HOUR_MS);
    const { nextTryAt = 0 } = thrownBy(() => circuit.enter());
    expect(nextTryAt - Date.now()).toBeGreaterThan(HOUR_MS - 60_000);
    expect(mayEnter(circuit)).toBe(false);
  });
});
