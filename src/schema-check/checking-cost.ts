import { isRecord } from '../internal/checks.ts';
import { namesProperty, placesOf, prefixOf, SchemaGraph, type SchemaNode } from './schema-graph.ts';

/** Checks of one place of the data by one part of the schema: about a million take a second when all of them fail. */
const BASE_BUDGET = 100_000;
const BUDGET_PER_PLACE = 50;

/** Tells whether it can be afforded to check some data. */
export type CostCheck = (data: unknown) => boolean;

/**
 * References let a short schema have the same place checked 2⁴⁰ times, so that a server could stop this process. The
 * cost is found without checking: each place of the data is visited once, with the number of times that each part of
 * the schema would be. Undefined for a schema that is too cheap to be asked about; for one that cannot be told, the
 * answer is no.
 */
export function checkingCost(schema: unknown): CostCheck | undefined {
  const graph = new SchemaGraph(schema);
  if (!graph.hasReferences && graph.size <= BUDGET_PER_PLACE) return undefined;
  if (graph.isOpaque) return () => false;
  return (data) => isAffordable(graph, data);
}

/**
 * The most often that one place of any data would be checked, where each schema is asked about it once. Infinite when
 * that cannot be told.
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

/** What the schema has to say of a place; the same object for places of which it says the same, such as rows of a table. */
class Place {
  /** How many checks there are of it. */
  readonly weight: number;
  readonly #graph: SchemaGraph;
  readonly #counts: Counts;
  /** By name or index; undefined for all that no schema names. */
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

/** The schemas that speak of a place, by how often each does: also those that the first ones lead to. */
function atOnePlace(graph: SchemaGraph, start: Counts): Counts {
  const order: SchemaNode[] = [];
  const seen = new Set<SchemaNode>();
  // Depth first, each node behind all that it leads to; not by recursion, as chains of references may be long.
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
