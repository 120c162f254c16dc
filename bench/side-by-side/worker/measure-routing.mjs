import { medianOf } from '../results.mjs';

const AT_A_TIME = 8;

/**
 * How many times longer a call through the group takes: the median of many pairs of slices, in either order.
 * @param {import('../types.d.ts').Opened} opened
 */
export async function measureRouting(opened, { servers, pairs, sliceMs }) {
  const { session } = opened;
  if (session === undefined) throw new Error('has no sessions of its own');
  const args = { text: 'x'.repeat(100) };
  const routed = servers.map((server) => opened.bind(server, 'echo'));
  const direct = servers.map((server) => (given) => session(server).callTool('echo', given));
  for (const calls of [routed, direct, routed, direct]) await microsecondsOf(calls, sliceMs * 4);
  const ratios = [];
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [routed, direct] : [direct, routed];
    const took = new Map();
    for (const calls of order) took.set(calls, await microsecondsOf(calls, sliceMs));
    ratios.push(took.get(routed) / took.get(direct));
  }
  return medianOf(ratios);

  async function microsecondsOf(calls, ms) {
    const startedAt = performance.now();
    const endsAt = startedAt + ms;
    let count = 0;
    const callAgain = async () => {
      do await calls[count++ % calls.length](args);
      while (performance.now() < endsAt);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, callAgain));
    return ((performance.now() - startedAt) * 1_000) / count;
  }
}
