import { isRecord } from '../internal/checks.ts';
import { namesProperty, placesOf, prefixOf, SchemaGraph, type SchemaNode } from './schema-graph.ts';

/**
 * How many checks, each of one value by one schema, are allowed for any data. A million take about a second when all of
 * them fail.
 */
const BASE_BUDGET = 100_000;
/** How many more checks are allowed for each value in the data. */
const BUDGET_PER_PLACE = 50;

/** Whether checking some data costs little enough. */
export type CostCheck = (data: unknown) => boolean;

/**
 * With references a short schema can have the same value checked 2⁴⁰ times, so that a server could block this process.
 * This counts the checks without making them: it visits each value once, with the number of times that each schema would
 * check it. Returns undefined for a schema that is always cheap. When the number cannot be known, the result is false.
 */
export function checkingCost(graph: SchemaGraph): CostCheck | undefined {
  if (!graph.hasReferences && graph.size <= BUDGET_PER_PLACE) return undefined;
  if (graph.isOpaque) return () => false;
  return (data) => isAffordable(graph, data);
}

/**
 * The largest number of times that one value of any data would be checked, when each schema is applied to it once.
 * `Infinity` when that cannot be known.
 */
export function heaviestCheck(schema: unknown): number {
  const graph = new SchemaGraph(schema);
  if (graph.isOpaque) return Infinity;
  let heaviest = graph.size;
  for (const start of [graph.root, ...graph.targets]) {
    heaviest = Math.max(heaviest, new Place(graph, new Map([[start, 1]])).weight);
  }
  return heaviest;
}

type Counts = ReadonlyMap<SchemaNode, number>;

function isAffordable(graph: SchemaGraph, data: unknown): boolean {
  const budget = BASE_BUDGET + BUDGET_PER_PLACE * placesOf(data);
  let spent = 0;
  const left: { value: unknown; place: Place }[] = [
    { value: data, place: new Place(graph, new Map([[graph.root, 1]])) },
  ];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, place } = next;
    spent += place.weight;
    if (spent > budget) return false;
    if (place.weight === 0) continue;
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) left.push({ value: item, place: place.item(index) });
    } else if (isRecord(value)) {
      for (const [name, member] of Object.entries(value))
        left.push({ value: member, place: place.member(name) });
    }
  }
  return true;
}

/**
 * The schemas that apply to a value of the data. Values with the same schemas, such as array items, share one object.
 */
class Place {
  /** How often the value is checked. */
  readonly weight: number;
  readonly #graph: SchemaGraph;
  readonly #counts: Counts;
  /** By member name or item index; undefined stands for all names and indexes that no schema names. */
  readonly #inner = new Map<string | number | undefined, Place>();

  constructor(graph: SchemaGraph, start: Counts) {
    this.#graph = graph;
    this.#counts = atOnePlace(graph, start);
    this.weight = sumOf(this.#counts);
  }

  member(name: string): Place {
    const isNamed = [...this.#counts.keys()].some((node) => namesProperty(node, name));
    return this.#below(isNamed ? name : undefined, (node) => this.#graph.ofMember(node, name));
  }

  item(index: number): Place {
    const isNamed = [...this.#counts.keys()].some((node) => index < prefixOf(node).length);
    return this.#below(isNamed ? index : undefined, (node) => this.#graph.ofItem(node, index));
  }

  #below(key: string | number | undefined, schemasOf: (node: SchemaNode) => readonly SchemaNode[]): Place {
    const known = this.#inner.get(key);
    if (known !== undefined) return known;
    const start = new Map<SchemaNode, number>();
    for (const [node, count] of this.#counts) {
      for (const schema of schemasOf(node)) start.set(schema, (start.get(schema) ?? 0) + count);
    }
    const made = new Place(this.#graph, start);
    this.#inner.set(key, made);
    return made;
  }
}

function sumOf(counts: Counts): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** How often each schema applies to one value: the given ones, and those that they lead to. */
function atOnePlace(graph: SchemaGraph, start: Counts): Counts {
  const order: SchemaNode[] = [];
  const seen = new Set<SchemaNode>();
  // Depth first, each node after all that it leads to. Without recursion, as chains of references may be long.
  const left: { node: SchemaNode; isDone: boolean }[] = [...start.keys()].map((node) => ({
    node,
    isDone: false,
  }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.isDone) order.push(next.node);
    if (next.isDone || seen.has(next.node)) continue;
    seen.add(next.node);
    left.push({ node: next.node, isDone: true });
    for (const node of graph.inPlace(next.node)) if (!seen.has(node)) left.push({ node, isDone: false });
  }
  const counts = new Map(start);
  for (const node of order.toReversed()) {
    const count = counts.get(node) ?? 0;
    for (const inner of graph.inPlace(node)) counts.set(inner, (counts.get(inner) ?? 0) + count);
  }
  return counts;
}
