import { BadGlob, type CharRanges, type GlobNode } from './glob-syntax.ts';

interface Edge {
  readonly ranges: CharRanges;
  readonly to: number;
}

interface State {
  /** Where a character leads. */
  readonly edges: Edge[];
  /** Where nothing leads. */
  readonly free: number[];
}

/** A machine that reads a text once, in several states at a time. */
export interface Automaton {
  readonly states: readonly State[];
  readonly start: number;
  readonly end: number;
}

/** The states of a whole glob. Reading one character takes at most this many steps. */
const MAX_STATES = 2_000;
/** The states of what a `!(…)` excludes; it is made deterministic, which can take exponentially many. */
const MAX_EXCLUDED = 200;
/** How many edges are looked at meanwhile. */
const MAX_EXCLUDING_WORK = 200_000;

/** Throws {@link BadGlob} when the glob needs too many states. */
export function createAutomaton(node: GlobNode): Automaton {
  const builder = new Builder();
  const start = builder.add();
  const end = builder.put(node, start);
  return { states: builder.states, start, end };
}

/** States in which the machine is at the same time, and where it went from them. */
interface Position {
  readonly states: readonly number[];
  readonly isMatch: boolean;
  readonly next: Map<number, Position>;
}

/** How many positions and ways between them are remembered; then all are forgotten. */
const MAX_POSITIONS = 500;
const MAX_WAYS = 5_000;

/**
 * Runs an automaton. It remembers where characters led, so that most take one step; no character takes more steps than
 * the automaton has states and edges.
 */
export class AutomatonRunner {
  /** Of all runs. */
  steps = 0;
  readonly #automaton: Automaton;
  /** In which step of reading a state was last found. */
  readonly #marks: Uint32Array;
  readonly #positions = new Map<string, Position>();
  #mark = 0;
  #ways = 0;

  constructor(automaton: Automaton) {
    this.#automaton = automaton;
    this.#marks = new Uint32Array(automaton.states.length);
  }

  /** Whether the whole text matches. */
  matches(text: string): boolean {
    this.#nextMark();
    this.#marks[this.#automaton.start] = this.#mark;
    let position = this.#positionOf([this.#automaton.start]);
    for (const char of text) {
      const code = char.codePointAt(0) ?? 0;
      this.steps++;
      let next = position.next.get(code);
      if (next === undefined) {
        next = this.#read(position, code);
        this.#remember(position, code, next);
      }
      position = next;
      if (position.states.length === 0) return false;
    }
    return position.isMatch;
  }

  #read(from: Position, code: number): Position {
    const { states } = this.#automaton;
    this.#nextMark();
    const found: number[] = [];
    for (const state of from.states) {
      for (const { ranges, to } of states[state]?.edges ?? []) {
        this.steps++;
        if (this.#marks[to] === this.#mark || !holds(ranges, code)) continue;
        this.#marks[to] = this.#mark;
        found.push(to);
      }
    }
    return this.#positionOf(found);
  }

  /** The position in these states, which are marked, and in those to which nothing leads. */
  #positionOf(found: number[]): Position {
    const { states, end } = this.#automaton;
    for (let nr = 0; nr < found.length; nr++) {
      for (const next of states[found[nr] ?? end]?.free ?? []) {
        this.steps++;
        if (this.#marks[next] === this.#mark) continue;
        this.#marks[next] = this.#mark;
        found.push(next);
      }
    }
    const key = found.toSorted((a, b) => a - b).join();
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    if (this.#positions.size === MAX_POSITIONS) this.#forget();
    const made = { states: found, isMatch: found.includes(end), next: new Map<number, Position>() };
    this.#positions.set(key, made);
    return made;
  }

  #remember(from: Position, code: number, to: Position): void {
    if (this.#ways === MAX_WAYS) this.#forget();
    this.#ways++;
    from.next.set(code, to);
  }

  #forget(): void {
    for (const { next } of this.#positions.values()) next.clear();
    this.#positions.clear();
    this.#ways = 0;
  }

  #nextMark(): void {
    // Marks of 32 bits: after the last one all begin anew.
    if (this.#mark === 0xffff_ffff) this.#marks.fill((this.#mark = 0));
    this.#mark++;
  }
}

export function holds(ranges: CharRanges, code: number): boolean {
  for (const [from, to] of ranges) if (code >= from && code <= to) return true;
  return false;
}

class Builder {
  readonly states: State[] = [];
  #edges = 0;

  add(): number {
    if (this.states.length === MAX_STATES) throw new BadGlob('it is too complex');
    this.states.push({ edges: [], free: [] });
    return this.states.length - 1;
  }

  /** Adds what reads `node` from the state `from`; returns the state in which it has been read. */
  put(node: GlobNode, from: number): number {
    switch (node.is) {
      case 'char': {
        const to = this.add();
        this.#lead(from, node.ranges, to);
        return to;
      }
      case 'sequence':
        return node.parts.reduce((at, part) => this.put(part, at), from);
      case 'choice': {
        const ends = node.among.map((part) => this.put(part, this.#freely(from)));
        const to = this.add();
        for (const end of ends) this.#free(end, to);
        return to;
      }
      case 'repeat': {
        const start = this.#freely(from);
        const end = this.put(node.part, start);
        this.#free(end, start);
        const to = this.#freely(end);
        if (node.isOptional) this.#free(start, to);
        return to;
      }
      case 'not':
        return this.#putOther(node.part, from);
    }
  }

  /** What reads any text but those of `node`: its deterministic automaton, with what it accepts inverted. */
  #putOther(node: GlobNode, from: number): number {
    const excluded = deterministic(createAutomaton(node));
    const places = excluded.map(() => this.add());
    const to = this.add();
    for (const [nr, { edges, isMatch }] of excluded.entries()) {
      const place = places[nr] ?? to;
      if (nr === 0) this.#free(from, place);
      if (!isMatch) this.#free(place, to);
      for (const edge of edges) this.#lead(place, edge.ranges, places[edge.to] ?? to);
    }
    return to;
  }

  #freely(from: number): number {
    const to = this.add();
    this.#free(from, to);
    return to;
  }

  #free(from: number, to: number): void {
    this.states[from]?.free.push(to);
  }

  #lead(from: number, ranges: CharRanges, to: number): void {
    this.#edges += ranges.length;
    if (this.#edges > 2 * MAX_STATES) throw new BadGlob('it is too complex');
    this.states[from]?.edges.push({ ranges, to });
  }
}

interface DeterministicState {
  readonly edges: Edge[];
  readonly isMatch: boolean;
}

/** The same automaton in one state at a time; the first state is the start. */
function deterministic({ states, start, end }: Automaton): DeterministicState[] {
  const kinds = kindsOfChars(states);
  const made: DeterministicState[] = [];
  const known = new Map<string, number>();
  const waiting: ReadonlySet<number>[] = [];
  const idOf = (set: ReadonlySet<number>): number => {
    const key = [...set].toSorted((a, b) => a - b).join();
    const old = known.get(key);
    if (old !== undefined) return old;
    if (known.size === MAX_EXCLUDED) throw new BadGlob('what its "!(…)" excludes is too complex');
    known.set(key, known.size);
    waiting.push(set);
    return known.size - 1;
  };
  let work = 0;
  idOf(closure(states, [start]));
  for (let set = waiting.shift(); set !== undefined; set = waiting.shift()) {
    const byTarget = new Map<number, (readonly [number, number])[]>();
    const edges = [...set].flatMap((state) => states[state]?.edges ?? []);
    work += kinds.length * edges.length;
    if (work > MAX_EXCLUDING_WORK) throw new BadGlob('what its "!(…)" excludes is too complex');
    for (const kind of kinds) {
      const to = edges.filter(({ ranges }) => holds(ranges, kind[0])).map((edge) => edge.to);
      const target = idOf(closure(states, to));
      byTarget.set(target, [...(byTarget.get(target) ?? []), kind]);
    }
    made.push({
      edges: [...byTarget].map(([to, ranges]) => ({ to, ranges: joined(ranges) })),
      isMatch: set.has(end),
    });
  }
  return made;
}

function closure(states: readonly State[], from: readonly number[]): ReadonlySet<number> {
  const found = new Set(from);
  // A set is also iterated over what is added meanwhile.
  for (const state of found) for (const next of states[state]?.free ?? []) found.add(next);
  return found;
}

/** All characters, in ranges that no edge tells apart. */
function kindsOfChars(states: readonly State[]): (readonly [number, number])[] {
  const borders = new Set([0]);
  for (const { edges } of states) {
    for (const { ranges } of edges) for (const [from, to] of ranges) borders.add(from).add(to + 1);
  }
  const sorted = [...borders].toSorted((a, b) => a - b);
  return sorted.map((from, nr) => [from, (sorted[nr + 1] ?? 0x110000) - 1] as const);
}

function joined(ranges: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = found.at(-1);
    if (last !== undefined && last[1] + 1 === from) last[1] = to;
    else found.push([from, to]);
  }
  return found;
}
