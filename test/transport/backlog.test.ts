import { describe, expect, it } from 'vitest';
import { Backlog, mayReadOn, nextTurn } from '../../src/transport/backlog.ts';

class Source {
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Reads until the present turn has read enough; returns how many messages that were. */
function readMany(bytes = 0): number {
  let read = 1;
  while (mayReadOn(bytes)) read++;
  return read;
}

describe('how much is read in one turn of the event loop', () => {
  it('is a few hundred messages, and as many again in the next one', async () => {
    readMany();
    expect(mayReadOn(0)).toBe(false);
    for (let round = 0; round < 3; round++) {
      await turn();
      const read = readMany();
      expect(read).toBeGreaterThan(50);
      expect(read).toBeLessThan(1_000);
      expect(mayReadOn(0)).toBe(false);
    }
  });

  it('is less when they are long, and one in any case', async () => {
    await turn();
    expect(readMany(100_000)).toBeLessThan(10);
    await turn();
    expect(readMany(64 * 1024 * 1024)).toBeLessThan(4);
  });

  it('is for all readers together, and they take turns', async () => {
    readMany();
    const order: string[] = [];
    const reader = async (name: string): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        await nextTurn();
        order.push(name);
        readMany();
      }
    };
    await Promise.all([reader('a'), reader('b')]);
    expect(order).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });

  it('is not used up by messages that come one in a turn', async () => {
    readMany();
    let refused = 0;
    for (let message = 0; message < 2_000; message++) {
      await turn();
      if (!mayReadOn(100)) refused++;
    }
    expect(refused).toBe(0);
  });
});

describe('what has to wait for a later turn', () => {
  /** Pieces of numbers, which are read as far as the turn allows. */
  function numbers(): { source: Source; read: number[]; backlog: Backlog<number[]> } {
    const source = new Source();
    const read: number[] = [];
    const backlog = new Backlog<number[]>(source, (piece) => {
      for (const [index, number] of piece.entries()) {
        read.push(number);
        if (!mayReadOn(0)) return piece.slice(index + 1);
      }
      return undefined;
    });
    return { source, read, backlog };
  }
  const upTo = (count: number, from = 0): number[] =>
    Array.from({ length: count }, (_, index) => from + index);

  it('is read in its order, and its source is paused until it is', async () => {
    const { source, read, backlog } = numbers();
    backlog.push(upTo(3_000));
    backlog.push(upTo(10, 3_000));
    expect({ isPaused: source.isPaused, read: read.length, isEmpty: backlog.isEmpty }).toEqual({
      isPaused: true,
      read: 0,
      isEmpty: false,
    });
    const sizes: number[] = [];
    while (source.isPaused) {
      await turn();
      sizes.push(read.length);
    }
    expect(read).toEqual(upTo(3_010));
    expect(new Set(sizes).size).toBeGreaterThan(3);
    expect(backlog.isEmpty).toBe(true);
  });

  it('is read before what is to come after it', async () => {
    const { read, backlog } = numbers();
    let atOnce = -1;
    backlog.whenRead(() => (atOnce = read.length));
    expect(atOnce).toBe(0);
    backlog.push(upTo(2_000));
    const after = await new Promise((resolve) => backlog.whenRead(() => resolve(read.length)));
    expect(after).toBe(2_000);
  });

  it('is forgotten when it is cleared, also by what reads it', async () => {
    const source = new Source();
    let reads = 0;
    const backlog = new Backlog<object>(source, (piece) => {
      reads++;
      backlog.clear();
      return piece;
    });
    backlog.push({});
    backlog.push({});
    backlog.whenRead(() => (reads = Infinity));
    for (let round = 0; round < 5; round++) await turn();
    expect({ reads, isEmpty: backlog.isEmpty }).toEqual({ reads: 1, isEmpty: true });
    backlog.push({});
    backlog.clear();
    for (let round = 0; round < 5; round++) await turn();
    expect(reads).toBe(1);
  });

  it('keeps nobody else waiting', async () => {
    const first = numbers();
    const second = numbers();
    first.backlog.push(upTo(100_000));
    second.backlog.push([1]);
    while (second.source.isPaused) await turn();
    expect(first.read.length).toBeLessThan(2_000);
    first.backlog.clear();
  });
});
