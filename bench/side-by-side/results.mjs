/** Collects what was measured, by case and contestant. */
export class Results {
  #cases = new Map();
  #onRecord;

  constructor(onRecord = () => {}) {
    this.#onRecord = onRecord;
  }

  record(name, unit, contestant, value) {
    append(this.#case(name, unit).values, contestant, value);
    this.#onRecord(name, contestant);
  }

  /** Microseconds of CPU time that one call took of the client itself; less touched by what else the machine does. */
  recordCpu(name, unit, contestant, microseconds) {
    append(this.#case(name, unit).cpu, contestant, microseconds);
  }

  /** Says why a contestant has no value here; what was measured before stays. */
  missing(name, unit, contestant, reason) {
    this.#case(name, unit).missing.set(contestant, reason);
    this.#onRecord(name, contestant);
  }

  note(name, unit, note) {
    this.#case(name, unit).notes.push(note);
  }

  /** The cases as they are published: medians, and the spread beside them. */
  toJSON(contestants) {
    return [...this.#cases].map(([name, { unit, values, cpu, missing, notes }]) => {
      const median = (contestant) =>
        values.has(contestant) ? rounded(medianOf(values.get(contestant))) : null;
      const spread = [...values].map(([contestant, all]) => [
        contestant,
        [Math.min(...all), Math.max(...all)].map(rounded),
      ]);
      return {
        name,
        unit,
        raw: median('raw'),
        official: median('official'),
        plenum: median('plenum'),
        peers: Object.fromEntries(
          contestants.filter(({ peer }) => peer).map((peer) => [peer.name, median(peer.name)]),
        ),
        spread: Object.fromEntries(spread),
        ...(cpu.size > 0 && { clientCpu: mediansOf(cpu) }),
        missing: Object.fromEntries(missing),
        notes,
      };
    });
  }

  #case(name, unit) {
    if (!this.#cases.has(name)) {
      this.#cases.set(name, { unit, values: new Map(), cpu: new Map(), missing: new Map(), notes: [] });
    }
    return this.#cases.get(name);
  }
}

function append(lists, key, value) {
  if (!lists.has(key)) lists.set(key, []);
  lists.get(key).push(value);
}

function mediansOf(lists) {
  return Object.fromEntries([...lists].map(([key, values]) => [key, rounded(medianOf(values))]));
}

export function medianOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function rounded(value) {
  return Number(value.toPrecision(4));
}
