const LOOKUPS = 1_000_000;

/**
 * Nanoseconds to find a tool by its exposed name among all of them.
 * @param {import('../types.d.ts').Opened} opened
 */
export function measureLookup(opened, { tools }) {
  const { lookup, exposed } = opened;
  if (lookup === undefined || exposed === undefined)
    throw new Error('gives a list, and nothing to look a name up in');
  const names = tools.map(([server, tool]) => exposed(server, tool));
  let found = 0;
  const startedAt = performance.now();
  for (let index = 0; index < LOOKUPS; index++) if (lookup(names[index % names.length])) found++;
  const elapsed = performance.now() - startedAt;
  if (found < LOOKUPS) throw new Error('does not know its tools by these names');
  return (elapsed * 1_000_000) / LOOKUPS;
}
