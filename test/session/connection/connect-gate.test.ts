import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PlenumError, type ServerSpec } from '../../../src/index.ts';
import { createConnectGates } from '../../../src/session/connection/connect-gate.ts';
import { bounded, eventually } from '../../support/eventually.ts';
import { failureOf } from '../../support/failures.ts';

const PROCESS: ServerSpec = { command: 'server' };
const REMOTE: ServerSpec = { url: 'http://127.0.0.1/' };
/** Whoever is there was quick; whoever is not may take all the time of the world. */
const NEVER = { quickMs: Infinity, holdMs: Infinity, paceMs: Infinity };
const noSignal = new AbortController().signal;

type Gates = ReturnType<typeof createConnectGates>;

/** Servers that come up when they are told to. */
class Starts {
  readonly #gates: Gates;
  readonly #spec: ServerSpec;
  readonly #ends = new Map<number, (error?: Error) => void>();
  /** In the order in which their turn came. */
  readonly begun: number[] = [];

  constructor(gates: Gates, spec: ServerSpec = PROCESS) {
    this.#gates = gates;
    this.#spec = spec;
  }

  ask(nr: number, signal: AbortSignal = noSignal): Promise<number> {
    const open = (): Promise<number> =>
      new Promise((resolve, reject) => {
        this.begun.push(nr);
        this.#ends.set(nr, (error) => (error === undefined ? resolve(nr) : reject(error)));
      });
    return this.#gates(this.#spec)(open, signal);
  }

  askAll(count: number): void {
    for (let nr = 0; nr < count; nr++) void this.ask(nr);
  }

  end(nr: number, error?: Error): void {
    this.#ends.get(nr)?.(error);
  }
}

/** What is to happen in the next turns of the event loop has happened. */
async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await sleep(1);
}

describe('G13 how many servers come up at a time', () => {
  it.each([
    ['processes: 16 for each core', PROCESS, 16 * availableParallelism()],
    ['remote ones: 128', REMOTE, 128],
  ])('by default, %s', (_, spec, places) => {
    const starts = new Starts(createConnectGates(), spec);
    starts.askAll(10_000);
    expect(starts.begun).toHaveLength(places);
  });

  it('by default, processes that come up quickly make room for more, up to twice as many', async () => {
    const usual = 16 * availableParallelism();
    const starts = new Starts(createConnectGates({}, NEVER));
    starts.askAll(10_000);
    for (let nr = 0; nr < usual; nr++) starts.end(nr);
    await eventually('there is room for two each', () => starts.begun.length >= 3 * usual);
    expect(starts.begun).toHaveLength(3 * usual);
    for (let nr = usual; nr < 3 * usual; nr++) starts.end(nr);
    await eventually('there is room for one each', () => starts.begun.length >= 5 * usual);
    expect(starts.begun).toHaveLength(5 * usual);
  });

  it('by default, processes that come up slowly make room for one each', async () => {
    const usual = 16 * availableParallelism();
    const starts = new Starts(createConnectGates({}, { ...NEVER, quickMs: 0 }));
    starts.askAll(10_000);
    for (let nr = 0; nr < usual; nr++) starts.end(nr);
    await eventually('there is room', () => starts.begun.length >= 2 * usual);
    await someTurns();
    expect(starts.begun).toHaveLength(2 * usual);
  });

  it('by default, processes that fail make room for one each', async () => {
    const usual = 16 * availableParallelism();
    const starts = new Starts(createConnectGates({}, NEVER));
    const outcomes = Array.from({ length: 3 * usual }, (_, nr) => failureOf(starts.ask(nr)));
    for (let nr = 0; nr < usual; nr++) starts.end(nr, new PlenumError('CONNECT_FAILED', 'it failed'));
    await Promise.all(outcomes.slice(0, usual));
    expect(starts.begun).toHaveLength(2 * usual);
  });

  it.each([
    ['processes', PROCESS],
    ['remote', REMOTE],
  ])('as many as was asked for, however quick they are: %s', async (kind, spec) => {
    const starts = new Starts(createConnectGates({ [kind]: 3 }, NEVER), spec);
    starts.askAll(10);
    expect(starts.begun).toEqual([0, 1, 2]);
    for (const nr of [0, 1, 2]) starts.end(nr);
    await eventually('the next begin', () => starts.begun.length > 5);
    expect(starts.begun).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('servers in this process wait for nobody', () => {
    const starts = new Starts(createConnectGates({ processes: 1, remote: 1 }), {
      server: { connect: async () => {}, close: async () => {} },
    });
    starts.askAll(1_000);
    expect(starts.begun).toHaveLength(1_000);
  });

  it('each that is there, or failed, makes room for the next, in the order in which they came', async () => {
    const starts = new Starts(createConnectGates({ processes: 2 }, NEVER));
    const outcomes = Array.from({ length: 6 }, (_, nr) => starts.ask(nr));
    starts.end(1);
    expect(await outcomes[1]).toBe(1);
    starts.end(0, new Error('it failed'));
    await expect(outcomes[0]).rejects.toThrow('it failed');
    expect(starts.begun).toEqual([0, 1, 2, 3]);
    starts.end(2);
    starts.end(3);
    await Promise.all([outcomes[2], outcomes[3]]);
    expect(starts.begun).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('a wait that is given up begins nothing, and costs nobody a turn', async () => {
    const starts = new Starts(createConnectGates({ processes: 1 }, NEVER));
    const controller = new AbortController();
    void starts.ask(0);
    const givenUp = failureOf(starts.ask(1, controller.signal));
    void starts.ask(2);
    const reason = new Error('not any more');
    controller.abort(reason);
    expect(await givenUp).toMatchObject({ code: 'ABORTED', cause: reason });
    expect((await failureOf(starts.ask(3, controller.signal))).code).toBe('ABORTED');
    starts.end(0);
    await eventually('the next one begins', () => starts.begun.length === 2);
    expect(starts.begun).toEqual([0, 2]);
  });
});

describe('G13 one that hangs', () => {
  it('keeps nobody waiting for long', async () => {
    const starts = new Starts(createConnectGates({ processes: 1 }, { ...NEVER, holdMs: 10, paceMs: 10 }));
    void starts.ask(0);
    const others = [1, 2, 3].map((nr) => starts.ask(nr));
    await bounded('the hung ones make room', Promise.all(others.map((other, at) => endSoon(at + 1, other))));
    expect(starts.begun).toEqual([0, 1, 2, 3]);

    async function endSoon(nr: number, other: Promise<number>): Promise<number> {
      await eventually('its turn has come', () => starts.begun.includes(nr));
      starts.end(nr);
      return other;
    }
  });

  it('changes nothing as long as there are places', () => {
    const starts = new Starts(createConnectGates({ processes: 100 }, NEVER));
    starts.askAll(100);
    expect(starts.begun).toHaveLength(100);
  });

  it('one of many that take long makes room, not all of them: it may be the machine that is slow', async () => {
    const starts = new Starts(
      createConnectGates({ processes: 8 }, { ...NEVER, holdMs: 1, paceMs: 1_000_000 }),
    );
    starts.askAll(99);
    await eventually('one more begins', () => starts.begun.length > 8);
    await someTurns();
    expect(starts.begun).toHaveLength(9);
    // One that is there makes room at once.
    starts.end(8);
    await eventually('and another', () => starts.begun.length === 10);
  });

  it('one that comes up after all, without a place, makes no room twice', async () => {
    const starts = new Starts(
      createConnectGates({ processes: 1 }, { ...NEVER, holdMs: 1, paceMs: 1_000_000 }),
    );
    const first = starts.ask(0);
    for (const nr of [1, 2, 3]) void starts.ask(nr);
    await eventually('the second one begins', () => starts.begun.length === 2);
    starts.end(0);
    await first;
    await someTurns();
    expect(starts.begun).toEqual([0, 1]);
  });
});
